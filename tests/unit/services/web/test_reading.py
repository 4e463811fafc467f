"""What reading a body costs, and where it is read. What is refused: tests/integration/test_api_bad_input.py."""

from __future__ import annotations

import asyncio
import threading
import tracemalloc
from typing import Annotated

import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request
from pydantic import AfterValidator

from services.web.problems import BadJson
from services.web.reading import DEPTH, LARGE, VALUES, check_json, read_body
from services.web.shapes import Wire

LONG = 1_000_000
"""Characters in a string; the longest body has twenty times as many."""


@pytest.mark.parametrize("row", [b"13800138000,x", b"\\n", b"\\u5f20", "张".encode(), b'\\"'], ids=repr)
def test_a_long_string_costs_a_few_times_its_own_length(row: bytes) -> None:
    body = b'{"csv": "' + row * (LONG // len(row)) + b'"}'
    assert _peak(body) < 12 * len(body)


@pytest.mark.parametrize("body", [b'"' * LONG, b'"' + b"\\" * LONG, b'"\\' * LONG, b'{"a": "' + b"x" * LONG, b"[" * LONG])
def test_garbage_is_no_dearer(body: bytes) -> None:
    assert _peak(body) < 12 * len(body)


def _peak(body: bytes) -> int:
    """Bytes held at most while the body is read, or refused."""
    tracemalloc.start()
    try:
        check_json(body)
    except BadJson:
        pass  # garbage: what it cost is the question
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize("text", ["[" * 50, "}" * 50, '\\"[[[' * 20, "\\\\"])
def test_brackets_in_a_text_are_no_depth(text: str) -> None:
    assert check_json(f'{{"a": "{text}"}}'.encode())


@pytest.mark.parametrize("text", ["", "\\\\", '\\"', "a\\nb"])
def test_brackets_behind_a_text_are(text: str) -> None:
    deep = f'["{text}",' + "[" * DEPTH + "]" * DEPTH + "]"
    with pytest.raises(BadJson):
        check_json(deep.encode())


def test_a_body_of_too_many_values_is_refused_before_they_are_read() -> None:
    """pydantic copies a value once for each mistake around it: half a million of them kept everybody waiting for 50 ms."""
    assert check_json(b"[%s0]" % (b"0," * VALUES))
    with pytest.raises(BadJson):
        check_json(b"[%s0]" % (b"0," * (VALUES + 1)))


@pytest.mark.parametrize("text", [",", '\\",', "\\\\,"], ids=repr)
def test_commas_in_a_text_are_no_values(text: str) -> None:
    assert check_json(f'{{"a": "{text * (VALUES + 1)}"}}'.encode())


def _thread(_: str) -> str:
    return threading.current_thread().name


class Told(Wire):
    """Its field becomes the name of the thread it was read in."""

    where: Annotated[str, AfterValidator(_thread)]


@pytest.mark.parametrize(("length", "on_the_loop"), [(10, True), (LARGE, False)])
async def test_a_large_body_is_read_beside_the_loop(length: int, on_the_loop: bool) -> None:
    told = await read_body(_request(b'{"where": "%s"}' % (b"x" * length)), Told, 2 * LARGE)
    assert (told.where == threading.current_thread().name) is on_the_loop


def _request(body: bytes) -> web.Request:
    content = StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16, loop=asyncio.get_running_loop())
    content.feed_data(body)
    content.feed_eof()
    return make_mocked_request("POST", "/", {"Content-Type": "application/json"}, payload=content)
