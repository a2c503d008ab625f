"""That what is written is what was given, is hashed, and counts only when the disk has it."""

import hashlib
import mmap
from pathlib import Path

import numpy as np
import pytest

from cellwright.runtime.sink import CHUNK, LARGE, WINDOW, Sink, same_bytes

SIZES = (0, 1, 7, LARGE, CHUNK, CHUNK + 3, 2 * WINDOW + 11)


def content(size: int) -> bytes:
    return np.random.default_rng(size).bytes(size)


@pytest.mark.parametrize("size", SIZES)
def test_bytes_are_written_hashed_and_found_again(tmp_path: Path, size: int) -> None:
    head, payload = b"head", content(size)
    sink = Sink(str(tmp_path / "x"))

    sink.write(head)
    sink.write(payload)
    sink.close()

    assert same_bytes(sink.path, len(head), memoryview(payload))
    sink.settle()
    assert (tmp_path / "x").read_bytes() == head + payload
    assert sink.digest == f"sha256:{hashlib.sha256(head + payload).hexdigest()}"
    assert sink.size == len(head) + size


@pytest.mark.parametrize("size", SIZES[1:])
@pytest.mark.parametrize("offset", [0, 5, mmap.ALLOCATIONGRANULARITY, WINDOW - 1])
def test_one_other_bit_is_found_wherever_it_stands(tmp_path: Path, size: int, offset: int) -> None:
    path, payload = tmp_path / "x", content(size)
    path.write_bytes(b"h" * offset + payload)

    assert same_bytes(str(path), offset, memoryview(payload))
    for at in {0, size // 2, min(size - 1, WINDOW - 1), size - 1}:
        other = bytearray(payload)
        other[at] ^= 1
        assert not same_bytes(str(path), offset, memoryview(other))


def test_a_file_that_is_cut_short_is_not_the_same(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")

    assert not same_bytes(str(path), 1, memoryview(b"bcd"))
    assert same_bytes(str(path), 1, memoryview(b"bc"))


def test_what_was_written_since_a_mark_can_be_forgotten(tmp_path: Path) -> None:
    sink = Sink(str(tmp_path / "x"))
    sink.write(b"kept")
    mark = sink.mark()
    sink.write(content(2 * LARGE))

    sink.rewind(mark)
    sink.write(b" and more")
    sink.settle()

    assert (tmp_path / "x").read_bytes() == b"kept and more"
    assert sink.digest == f"sha256:{hashlib.sha256(b'kept and more').hexdigest()}"


@pytest.mark.parametrize("size", [1, LARGE])
def test_a_disk_that_does_not_keep_it_is_told(size: int) -> None:
    sink = Sink("/dev/null")  # takes all, and cannot flush
    sink.write(bytes(size))
    sink.close()

    with pytest.raises(OSError, match="Invalid argument"):
        sink.settle()
    sink.abandon()
