"""The readme of a model: what the mock makes of it, so that nobody takes the imitation for the model."""

from mock_server.replicate.models.spec import Family, InputField, ModelSpec

WHAT_IT_DOES = {
    Family.RESTORE: "Takes scratches, grain and a colour cast out of a photo, sharpens it and makes it larger.",
    Family.UPSCALE: "Makes a picture really larger and sharpens it.",
    Family.CUTOUT: "Finds the subject by colour and place, and makes the rest transparent or fills it.",
    Family.EDIT: "Applies the looks and colours that the prompt names, and writes the prompt on the picture.",
    Family.TRY_ON: "Cuts the garment out and lays it over the person's body, shaded by the photo.",
    Family.TEXT: "Describes pictures by what can be measured: size, light, colours, sharpness.",
    Family.GENERIC: "",
}


def readme_of(model: ModelSpec) -> str | None:
    """Markdown; None for a model nobody described to the mock."""
    if not model.known:
        return None
    lines = [f"# {model.full_name}", "", model.description, "", "## In this mock", "", WHAT_IT_DOES[model.family], ""]
    return "\n".join([*lines, "## Inputs", "", *(_line(field) for field in model.inputs), ""])


def _line(field: InputField) -> str:
    kind = f"list of {field.type}s" if field.is_list else field.type
    facts = [kind, *(["required"] if field.required else []), *([f"default {field.default}"] if field.default else [])]
    if field.choices:
        facts.append(f"one of {', '.join(field.choices)}")
    return f"- `{field.name}` ({'; '.join(facts)}) {field.description}".rstrip()
