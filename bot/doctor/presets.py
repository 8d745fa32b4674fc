"""Whether the models on offer exist and take what their presets send, told field by field."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from bot.doctor.context import Context
from bot.doctor.finding import Finding, Part
from bot.doctor.replicate_faults import cause_and_fix
from bot.operator_errors.presets import diagnose_presets
from bot.settings import Settings
from replicate_gateway.errors import GatewayError, ModelNotFoundError
from replicate_gateway.presets import DEFAULT_PRESET, Preset, PresetError
from replicate_gateway.protocol import InputField, ReplicateGateway

PRESETS = Part("presets")

# What a value of a preset is in JSON Schema's words; whole numbers are numbers too.
_JSON_TYPES: Mapping[type, frozenset[str]] = {
    bool: frozenset({"boolean"}),
    int: frozenset({"integer", "number"}),
    float: frozenset({"number"}),
    str: frozenset({"string"}),
    list: frozenset({"array"}),
    dict: frozenset({"object"}),
}
_UNTOLD = frozenset({"any", "enum"})
_MAX_CHOICES_TOLD = 8


async def check_presets(context: Context) -> list[Finding]:
    """One finding for each field that does not fit; one for all where everything does.

    The default preset has to work; another one that does not is a warning.
    """
    gateway, presets = context.gateway, context.presets
    if isinstance(presets, PresetError):
        return [PRESETS.failed(*diagnose_presets(presets))]
    if isinstance(gateway, GatewayError):
        return [PRESETS.skipped("there is no way to ask for the models")]
    examined = (_examine(gateway, preset, context.settings) for preset in presets.values())
    findings = [finding for some in await asyncio.gather(*examined) for finding in some]
    if findings:
        return findings
    models = "the model takes" if len(presets) == 1 else f"the models of all {len(presets)} presets take"
    return [PRESETS.ok(f"{models} what is sent to them")]


def faults(preset: Preset, fields: Mapping[str, InputField]) -> Iterator[str]:
    """What does not fit between the preset and its model's inputs, one sentence for each field."""
    sent = _sent(preset)
    for name, types in sent.items():
        field = fields.get(name)
        if field is None:
            yield f"sends {name}, which the model does not know"
        elif field.type not in types | _UNTOLD:
            yield f"sends {name} as {' or '.join(sorted(types))}, the model takes {field.type}"
        elif name in preset.fixed and (taken := _value_fault(preset.fixed[name], field)):
            yield f"sends {name} = {preset.fixed[name]!r}, the model takes {taken}"
    optional = {preset.seed_field} if preset.prompt_required else {preset.seed_field, preset.prompt_field}
    always = (sent.keys() - optional) | preset.fixed.keys()
    for name, field in fields.items():
        if field.required and name not in always:
            yield f"may leave out {name}, which the model requires"


def _value_fault(value: Any, field: InputField) -> str | None:
    """What the field takes in place of a fixed value that it refuses; None where it takes that."""
    if field.choices and value not in field.choices:
        told = ", ".join(map(repr, field.choices[:_MAX_CHOICES_TOLD]))
        return f"only {told}{', …' if len(field.choices) > _MAX_CHOICES_TOLD else ''}"
    if isinstance(value, int | float):
        if field.minimum is not None and value < field.minimum:
            return f"{field.minimum:g} at least"
        if field.maximum is not None and value > field.maximum:
            return f"{field.maximum:g} at most"
    return None


def _sent(preset: Preset) -> dict[str, frozenset[str]]:
    """The inputs that the preset may send, and the types that they have."""
    sent = {name: _JSON_TYPES.get(type(value), frozenset()) for name, value in preset.fixed.items()}
    images = (preset.image_field, *preset.extra_image_fields, preset.prompt_field)
    sent |= {name: _JSON_TYPES[str] for name in images if name}
    if preset.images_field:
        sent[preset.images_field] = _JSON_TYPES[list]
    if preset.seed_field:
        sent[preset.seed_field] = _JSON_TYPES[int]
    return sent


async def _examine(gateway: ReplicateGateway, preset: Preset, settings: Settings) -> list[Finding]:
    who = f"{preset.name} ({preset.model})"
    try:
        fields = await gateway.input_schema(preset.model)
    except ModelNotFoundError as error:
        fix = f"correct the model of [{preset.name}] in presets.toml, or ask its owner for access"
        return [_finding(preset, f"{who}: there is no such model ({error})", fix)]
    except GatewayError as error:
        what, fix = cause_and_fix(error, settings)
        return [_finding(preset, f"{who}: {what}", fix)]
    if not fields:
        return []  # Replicate does not tell what this model takes
    fix = f"correct [{preset.name}] in presets.toml by https://replicate.com/{preset.model.slug}/api"
    return [_finding(preset, f"{who} {fault}", fix) for fault in faults(preset, fields)]


def _finding(preset: Preset, what: str, fix: str) -> Finding:
    return PRESETS.failed(what, fix) if preset.name == DEFAULT_PRESET else PRESETS.warning(what, fix)
