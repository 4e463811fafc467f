"""What the composition root does by itself. The whole of it: tests/acceptance."""

from __future__ import annotations

import resource

from services.app import allow_many_files


def test_as_many_files_may_be_open_as_the_machine_allows() -> None:
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, most), most))
    try:
        allow_many_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))
