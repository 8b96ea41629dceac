"""A validation rule (`x-kubernetes-validations`): its compiled form, and the message when it is broken.

Source: k8s.io/apiextensions-apiserver, package apiserver/schema/cel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import fielderrors as fe
from ..fielderrors import FieldError
from .cel import CompileError, EvaluationError, Expression, compile_expression
from .cel.types import BOOL, STRING, Type, optional_of
from .cel.values import NONE, Optional
from .fieldpath import normalize
from .node import Node

_MESSAGE_LIMIT = 5 * 1024


@dataclass(frozen=True, slots=True)
class Breach:
    """How a rule was broken: it failed (was false), or could not be evaluated."""

    detail: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule.

    Attributes:
        source: the rule as it stands in the schema.
        condition: the compiled rule, or None if it does not compile (`problem` says why) or is empty.
        message: the compiled messageExpression, or None.
        problem: why the rule does not compile, or "".
        message_problem: why its messageExpression does not compile, or "".
        field_path: where its error points, below the rule's own place.
    """

    source: Mapping[str, Any]
    condition: Expression | None
    message: Expression | None
    problem: str
    message_problem: str
    field_path: str

    @property
    def optional_old_self(self) -> bool:
        """Whether `oldSelf` is an optional, so that the rule applies to new values too."""
        return bool(self.source.get("optionalOldSelf"))

    @property
    def uses_old_self(self) -> bool:
        """Whether the rule is about a transition."""
        return self.condition is not None and "oldSelf" in self.condition.variables

    def broken(self, current: Any, former: Any, *, has_former: bool) -> Breach | None:
        """Evaluate the rule on a value. Returns the breach, or None if the rule holds or does not apply.

        `former` is the value being replaced; a rule about a transition does not apply without one (`has_former`).
        """
        if self.problem:
            return Breach(f"rule compile error: {self.problem}", failed=False)
        if self.condition is None or (self.uses_old_self and not has_former and not self.optional_old_self):
            return None
        if self.optional_old_self:
            former = Optional(True, former) if has_former else NONE
        scope = {"self": current, "oldSelf": former}
        try:
            return None if self.condition.run(scope) is True else Breach(self._message(scope), failed=True)
        except EvaluationError as error:
            if str(error).startswith("no such overload"):
                words = "call arguments did not match a supported operator, function or macro signature for rule"
                return Breach(f"'{error}': {words}: {self.words}", failed=False)
            return Breach(f"{error} evaluating rule: {self.words}", failed=False)

    def _message(self, scope: Mapping[str, Any]) -> str:
        if self.message is not None:
            try:
                text = str(self.message.run(scope)).strip()
            except EvaluationError:
                text = ""
            if text and "\n" not in text and len(text) <= _MESSAGE_LIMIT:
                return text
        return self.default_message

    def error(self, place: str, value: Any, detail: str) -> FieldError:
        """The field error for a value that fails the rule, of the kind the rule asks for."""
        match self.source.get("reason"):
            case "FieldValueForbidden":
                return fe.forbidden(place, detail)
            case "FieldValueRequired":
                return fe.required(place, detail)
            case "FieldValueDuplicate":
                return fe.duplicate(place, value)
        return fe.invalid(place, value, detail)

    @property
    def words(self) -> str:
        """The rule's message, or the rule itself."""
        return str(self.source.get("message") or self.source.get("rule") or "").strip()

    @property
    def default_message(self) -> str:
        """Return the message of the error if the rule has no messageExpression or its evaluation fails."""
        return self.words if self.source.get("message") else f"failed rule: {self.words}"


def compile_rule(source: Mapping[str, Any], node: Node, kind: Type) -> Rule:
    """A rule at a node of the given type."""
    variables = rule_variables(source, kind)
    text = str(source.get("rule") or "")
    condition, problem = _compile(text, variables, BOOL) if text.strip() else (None, "")
    message, message_problem = None, ""
    if condition is not None and source.get("messageExpression"):
        message, message_problem = _compile(str(source["messageExpression"]), variables, STRING)
    path = ""
    if condition is not None and not message_problem and source.get("fieldPath"):
        try:
            path = normalize(str(source["fieldPath"]), node)
        except ValueError:
            path = ""  # refused when the CRD was created; here it just points to the rule's place
    return Rule(source, condition, message, problem, message_problem, path)


def rule_variables(source: Mapping[str, Any], kind: Type) -> dict[str, Type]:
    """Return the variables that a rule on a value of this type can use."""
    return {"self": kind, "oldSelf": optional_of(kind) if source.get("optionalOldSelf") else kind}


def _compile(text: str, variables: Mapping[str, Type], wanted: Type) -> tuple[Expression | None, str]:
    is_rule = wanted == BOOL
    try:
        expression = compile_expression(text, variables)
    except CompileError as error:
        return None, f"{'' if is_rule else 'messageExpression '}compilation failed: {error}"
    if expression.result != wanted:
        return (
            None,
            "cel expression must evaluate to a bool" if is_rule else "messageExpression must evaluate to a string",
        )
    return expression, ""
