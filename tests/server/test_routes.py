"""The routes of the server extension, asked over HTTP as a page asks them."""

import json

import pytest
from tornado.httpclient import HTTPClientError

import cellwright
from cellwright.base.errors import EngineError, RefusedError, UsageError

JSON = {"Content-Type": "application/json"}


def code(source, *, tags=(), cell_id="a"):
    return {
        "cell_type": "code",
        "id": cell_id,
        "metadata": {"tags": list(tags)} if tags else {},
        "source": source,
        "execution_count": None,
        "outputs": [],
    }


def notebook(*cells):
    return {
        "cells": list(cells),
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


async def post(jp_fetch, body, *, headers=None):
    return await jp_fetch(
        "cellwright",
        "api",
        "compile",
        method="POST",
        body=body if isinstance(body, str | bytes) else json.dumps(body),
        headers=dict(headers or JSON),  # jp_fetch adds the token to it
    )


async def compiled(jp_fetch, *cells):
    response = await post(jp_fetch, {"path": "a.ipynb", "content": notebook(*cells)})
    return json.loads(response.body)


def failure(caught):
    """Return the body of a refused request."""
    return json.loads(caught.value.response.body)


async def test_health_tells_the_version(jp_fetch):
    response = await jp_fetch("cellwright", "api", "health")

    assert json.loads(response.body) == {"version": cellwright.__version__}


async def test_a_notebook_is_answered_with_its_steps_and_roles(jp_fetch):
    reply = await compiled(
        jp_fetch,
        {"cell_type": "markdown", "id": "t", "metadata": {}, "source": "# Title"},
        code("import math", tags=["imports"], cell_id="i"),
        code("x = math.pi", tags=["step:load"], cell_id="l"),
        code("x", cell_id="u"),
        code("y = x * 2", tags=["step:double", "metrics"], cell_id="d"),
    )

    assert reply["compiled"] is True
    assert reply["roles"] == [
        {"cell": 2, "id": "i", "kind": "imports", "step": None, "metrics": False},
        {"cell": 3, "id": "l", "kind": "step", "step": "load", "metrics": False},
        {"cell": 4, "id": "u", "kind": "untagged", "step": None, "metrics": False},
        {"cell": 5, "id": "d", "kind": "step", "step": "double", "metrics": True},
    ]
    assert reply["steps"] == [
        {"name": "load", "kind": "step", "cells": [3], "after": []},
        {"name": "double", "kind": "step", "cells": [5], "after": ["load"]},
    ]


async def test_a_mistake_in_the_notebook_is_a_diagnostic_with_its_place(jp_fetch):
    reply = await compiled(
        jp_fetch,
        code("x = 1", tags=["step:load"], cell_id="l"),
        code("print(\n    absent)", tags=["step:use"], cell_id="u"),
    )

    assert reply["compiled"] is False
    found = next(found for found in reply["diagnostics"] if found["code"] == "FLOW201")
    assert found["severity"] == "error"
    assert "`absent`" in found["message"]
    assert found["place"] == {
        "cell": 2,
        "id": "u",
        "line": 2,
        "column": 5,
        "end_line": 2,
        "end_column": 11,
    }


async def test_roles_are_told_though_the_notebook_does_not_compile(jp_fetch):
    reply = await compiled(jp_fetch, code("absent", tags=["check:rows"]))

    assert [(role["kind"], role["step"]) for role in reply["roles"]] == [("check", "rows")]


async def test_content_that_is_no_notebook_is_a_diagnostic_not_a_failure(jp_fetch):
    response = await post(jp_fetch, {"path": "a.ipynb", "content": {"cells": 7}})
    reply = json.loads(response.body)

    assert reply["compiled"] is False
    assert [found["code"] for found in reply["diagnostics"]] == ["NB001"]
    assert reply["roles"] == []


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("not json", JSON, 400),
        ("{}", JSON, 400),
        ('{"path": 1, "content": {}}', JSON, 400),
        ('{"path": "a", "content": {}, "more": 1}', JSON, 400),
        ("[" * 50_000, JSON, 400),
        (b"\xff\xfe", JSON, 400),
        ('{"path": "a", "content": {}}', {"Content-Type": "text/plain"}, 415),
        ('{"path": "' + "a" * 100_001 + '", "content": {}}', JSON, 413),
    ],
)
async def test_a_malformed_request_is_refused_with_a_reason(jp_fetch, body, headers, status):
    with pytest.raises(HTTPClientError) as caught:
        await post(jp_fetch, body, headers=headers)

    assert caught.value.code == status
    assert failure(caught)["message"]
    assert "Traceback" not in caught.value.response.body.decode()


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (UsageError("no such thing", hint="take another"), 400, "no such thing"),
        (RefusedError("refused"), 422, "refused"),
        (EngineError("no engine"), 503, "no engine"),
        (ValueError("secret detail"), 500, "this is a defect of Cellwright"),
    ],
)
async def test_an_error_has_its_status_and_never_a_traceback(
    jp_fetch, monkeypatch, error, status, message
):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("cellwright.server.routes.compile_document", fail)
    with pytest.raises(HTTPClientError) as caught:
        await compiled(jp_fetch)

    assert caught.value.code == status
    assert failure(caught)["message"].startswith(message)
    assert failure(caught)["hint"] == getattr(error, "hint", None)
    assert "secret" not in caught.value.response.body.decode()


@pytest.mark.parametrize("route", ["health", "compile"])
async def test_nobody_unknown_is_answered(jp_fetch, route):
    request = {"method": "POST", "body": "{}"} if route == "compile" else {}
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("cellwright", "api", route, headers={"Authorization": ""}, **request)

    assert caught.value.code == 403


@pytest.mark.parametrize(
    ("route", "action"), [("health", "read"), ("compile", "write")], ids=["health", "compile"]
)
async def test_the_authorizer_decides(jp_serverapp, jp_fetch, monkeypatch, route, action):
    asked = []

    def is_authorized(_handler, _user, action, resource):
        asked.append((action, resource))
        return False

    monkeypatch.setattr(jp_serverapp.authorizer, "is_authorized", is_authorized)
    request = {"method": "POST", "body": "{}"} if route == "compile" else {}
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("cellwright", "api", route, **request)

    assert caught.value.code == 403
    assert asked == [(action, "cellwright")]


async def test_compiling_answers_to_post_only(jp_fetch):
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("cellwright", "api", "compile")

    assert caught.value.code == 405


async def test_modules_beside_the_notebook_are_known(jp_fetch, jp_root_dir):
    (jp_root_dir / "work").mkdir()
    (jp_root_dir / "work" / "counter.py").write_text(
        "n = 0\n\ndef bump():\n    global n\n    n += 1\n    return n\n"
    )
    cells = (
        code("import counter", tags=["imports"], cell_id="i"),
        code("first = counter.bump()", tags=["step:a"], cell_id="a"),
        code("print(counter.bump())", tags=["step:b"], cell_id="b"),
    )

    async def found(path):
        response = await post(jp_fetch, {"path": path, "content": notebook(*cells)})
        return [each["code"] for each in json.loads(response.body)["diagnostics"]]

    assert await found("work/n.ipynb") == ["FLOW217"]
    assert await found("n.ipynb") == []
    assert await found("../../work/n.ipynb") == []
    assert await found("work\0/n.ipynb") == []
