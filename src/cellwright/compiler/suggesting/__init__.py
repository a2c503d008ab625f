"""From a notebook without tags to tags that compile."""
