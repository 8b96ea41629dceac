"""The functions that CEL's extension for strings and Kubernetes add, by expressions that must be true."""

from __future__ import annotations

import pytest

from hack.localcluster.schema.cel import EvaluationError, compile_expression


@pytest.mark.parametrize(
    "source",
    [
        "'abc'.charAt(1) == 'b' && 'abc'.charAt(3) == ''",
        "'abcb'.indexOf('b') == 1",
        "'abcb'.indexOf('b', 2) == 3",
        "'abcb'.lastIndexOf('b') == 3",
        "'a'.indexOf('z') == -1",
        "'aBc'.lowerAscii() == 'abc' && 'aBc'.upperAscii() == 'ABC'",
        "'aaa'.replace('a', 'b') == 'bbb' && 'aaa'.replace('a', 'b', 2) == 'bba'",
        "'a-b-c'.split('-') == ['a', 'b', 'c']",
        "'a-b-c'.split('-', 2) == ['a', 'b-c']",
        "'ab'.split('') == ['a', 'b']",
        "'abc'.substring(1) == 'bc' && 'abc'.substring(1, 2) == 'b'",
        "' a '.trim() == 'a' && ['a', 'b'].join() == 'ab' && ['a', 'b'].join('-') == 'a-b'",
        "'%s is %d, %.2f, %x, %b, 100%%'.format(['a', 5, 1.5, 255, 5]) == 'a is 5, 1.50, ff, 101, 100%'",
        "'%s'.format([[1, 'a']]) == '[1, a]'",
        "strings.quote('a\"b') == '\"a\\\\\"b\"'",
        "'abc 123'.find('[0-9]+') == '123'",
        "'a1b2'.findAll('[0-9]') == ['1', '2']",
        "'a1b2'.findAll('[0-9]', 1) == ['1']",
    ],
)
def test_the_expression_is_true(source: str) -> None:
    assert compile_expression(source, {}).run({}) is True


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("'abc'.substring(2, 1) == ''", "invalid substring range. start: 2, end: 1"),
        ("'%d'.format(['a']) == ''", "error during formatting: no formatting for string with %d"),
    ],
)
def test_misuse_is_an_error_with_a_reason(source: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        compile_expression(source, {}).run({})
    assert str(caught.value) == message
