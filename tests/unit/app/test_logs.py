"""Logging: where lines go, and that losing one costs nothing else."""

import io
import json
import sys

import pytest
import structlog

from controller.app import logs


@pytest.fixture(autouse=True)
def _configured_as_before():
    yield
    structlog.reset_defaults()


def test_a_line_is_one_json_document_on_stderr(capsys):
    logs.configure(log_format="json", level="info")

    structlog.get_logger().info("created", kind="Namespace")

    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["kind"], line["level"]) == ("created", "Namespace", "info")


def test_a_traceback_stays_within_its_line(capsys):
    logs.configure(log_format="json", level="info")

    try:
        raise ValueError("wrong")
    except ValueError:
        structlog.get_logger().exception("failed")

    [line] = capsys.readouterr().err.splitlines()
    assert "ValueError: wrong" in json.loads(line)["exception"]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_no_variables(log_format, capsys):
    logs.configure(log_format=log_format, level="info")

    def fail(text):
        raise ValueError("wrong")

    try:
        fail("".join(["hun", "ter2"]))
    except ValueError:
        structlog.get_logger().exception("failed")

    output = capsys.readouterr().err
    assert "ValueError: wrong" in output
    assert "hunter2" not in output


def test_less_important_lines_are_left_out(capsys):
    logs.configure(log_format="json", level="warning")

    structlog.get_logger().info("created")

    assert capsys.readouterr().err == ""


def test_logging_to_a_closed_stderr_does_not_fail(monkeypatch):
    logs.configure(log_format="json", level="info")
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)

    structlog.get_logger().info("created")


def test_a_replaced_stderr_gets_the_later_lines(monkeypatch):
    logs.configure(log_format="json", level="info")
    log = structlog.get_logger()
    log.info("before")
    replaced = io.StringIO()
    monkeypatch.setattr(sys, "stderr", replaced)

    log.info("after")

    assert json.loads(replaced.getvalue())["event"] == "after"


def test_words_of_others_in_a_traceback_do_not_control_the_terminal(capsys):
    logs.configure(log_format="console", level="info")

    try:
        raise ValueError("\x1b[2Jgone")
    except ValueError:
        structlog.get_logger().exception("failed")

    output = capsys.readouterr().err
    assert "ValueError: ?[2Jgone" in output
    assert "\x1b[2J" not in output


def test_words_of_others_do_not_control_the_terminal(capsys):
    logs.configure(log_format="console", level="info")

    structlog.get_logger().warning("request failed", error="\x1b[2Jgone\nwarning: not ours")

    output = capsys.readouterr().err
    assert "?[2Jgone?warning: not ours" in output
    assert len(output.splitlines()) == 1
