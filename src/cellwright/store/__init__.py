"""What is kept: objects by content, history in a ledger."""
