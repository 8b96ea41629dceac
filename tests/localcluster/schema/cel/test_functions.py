"""The functions that CEL's extensions and Kubernetes add, by expressions that must come out true."""

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
        "[1, 2, 2].isSorted()",
        "![2, 1].isSorted()",
        "[1, 2].sum() == 3",
        "[1, 3, 2].max() == 3",
        "['b', 'a'].min() == 'a'",
        "[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2 && [1].indexOf(5) == -1",
        "[1, 2, 3].slice(1, 3) == [2, 3]",
        "[[1], [2]].flatten() == [1, 2]",
        "[1, 1].distinct() == [1]",
        "[3, 1].sort() == [1, 3] && [1, 2].reverse() == [2, 1] && lists.range(3) == [0, 1, 2]",
        "sets.contains([1, 2], [2])",
        "sets.equivalent([1, 2], [2, 1, 1])",
        "sets.intersects([1], [1, 2])",
        "isURL('https://example.com')",
        "!isURL('example com')",
        "url('https://u@example.com:80/a?b=c').getHost() == 'example.com:80'",
        "url('https://example.com:80/a').getPort() == '80'",
        "url('https://example.com/a').getEscapedPath() == '/a'",
        "url('https://[::1]:80/a').getHostname() == '::1'",
        "url('http://x/?a=1&a=2').getQuery()['a'] == ['1', '2']",
        "isQuantity('1.5Gi') && !isQuantity('1 Gi') && quantity('1Gi') == quantity('1024Mi')",
        "quantity('200M').isLessThan(quantity('1G'))",
        "quantity('5').compareTo(quantity('5')) == 0",
        "sign(quantity('-5')) == -1",
        "quantity('50k').asInteger() == 50000",
        "quantity('1.5').asApproximateFloat() == 1.5",
        "!quantity('1.5').isInteger()",
        "quantity('50k').add(quantity('1k')) == quantity('51k')",
        "quantity('10').sub(3) == quantity('7')",
        "isIP('10.0.0.1')",
        "!isIP('10.0.0')",
        "ip('::1').family() == 6",
        "ip('127.0.0.1').isLoopback()",
        "ip.isCanonical('::1')",
        "!ip.isCanonical('0:0:0:0:0:0:0:1')",
        "string(ip('10.0.0.1')) == '10.0.0.1'",
        "cidr('10.0.0.0/8').containsIP('10.1.1.1')",
        "cidr('10.0.0.0/8').containsIP(ip('10.1.1.1'))",
        "isCIDR('::/0')",
        "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
        "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')",
        "cidr('10.0.0.0/8').prefixLength() == 8 && string(cidr('10.0.0.0/8').ip()) == '10.0.0.0'",
        "isSemver('1.2.3')",
        "!isSemver('v1.2')",
        "isSemver('v1.2', true)",
        "semver('1.2.3').minor() == 2",
        "semver('1.0.0').isGreaterThan(semver('1.0.0-rc.1'))",
        "semver('1.0.0-rc.2').isLessThan(semver('1.0.0-rc.10'))",
        "!format.dns1123Label().validate('my-name').hasValue()",
        "format.dns1123Label().validate('My').hasValue()",
        "format.named('uuid').hasValue() && !format.named('nothing').hasValue()",
        "format.qualifiedName().validate('example.com/name') == optional.none()",
    ],
)
def test_the_expression_is_true(source: str) -> None:
    assert compile_expression(source, {}).run({}) is True


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("[].max() == 1", "max called on empty list"),
        ("'abc'.substring(2, 1) == ''", "invalid substring range. start: 2, end: 1"),
        ("[1].slice(0, 2) == [1]", "cannot slice(0, 2), list is length 1"),
        ("'%d'.format(['a']) == ''", "error during formatting: no formatting for string with %d"),
        (
            "ip('x').family() == 4",
            'IP Address "x" parse error during conversion from string: ParseAddr("x"): unable to parse IP',
        ),
    ],
)
def test_misuse_is_an_error_with_a_reason(source: str, message: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        compile_expression(source, {}).run({})
    assert str(caught.value) == message
