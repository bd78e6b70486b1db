"""The store's arrays, group by group: names, dims, types, units and sources."""

from collections.abc import Mapping, Sequence

from .arrays import Array, shard_rows, token_chunk
from .specs import OURS, Segmentation, SiteSpec, Sizes, Variable

HI = "arXiv 2602.06652"


def arrays_of(
    sizes: Sizes,
    sites: Sequence[SiteSpec],
    segmentations: Sequence[Segmentation],
    pictures: Sequence[Variable],
    answers: Sequence[Variable] | None,
) -> list[Array]:
    """Every array that units fill; `answers` is None in a run without samples."""
    found = [*image_arrays(sizes), *picture_arrays(pictures, sizes)]
    if answers is not None:
        found += answer_arrays(sizes, answers)
    for site in sites:
        found += site_arrays(site, sizes)
    for segmentation in segmentations:
        found += segmentation_arrays(segmentation.slug, segmentation.classes, sizes)
    return found


def image_arrays(sizes: Sizes) -> list[Array]:
    """/images: what is known of an image once it has been read. Filled under condition 0."""

    def column(name: str, dtype: str, long_name: str, units: str) -> Array:
        attrs = describe(long_name, units)
        return Array(
            f"images/{name}", ("image",), (sizes.images,), dtype, sizes.block_size, (sizes.block_size,), attrs=attrs
        )

    return [
        column("sha256", "string", "SHA-256 of the image's RGB pixels", "1"),
        column("width", "int32", "width of the image as read", "pixel"),
        column("height", "int32", "height of the image as read", "pixel"),
    ]


def picture_arrays(variables: Sequence[Variable], sizes: Sizes) -> list[Array]:
    """/pictures: what is measured on the pictures of each image under each condition."""
    found: list[Array] = []
    for variable in variables:
        lengths = tuple(variable.lengths[axis] for axis in variable.axes)
        found.append(
            Array(
                f"pictures/{variable.name}",
                ("image", "condition", *variable.axes),
                (sizes.images, sizes.conditions, *lengths),
                variable.dtype,
                sizes.block_size,
                (sizes.block_size, 1, *lengths),
                attrs=describe(variable.meaning, variable.unit, variable.paper),
            )
        )
    return found


OPTION_AXES = ("option", "other_option")
"""Axes along the options of a question; the second is for what is there for each two of them."""

OF_ANSWERS = (
    Variable("log_likelihood", ("option",), "float32", "nat", "summed log-likelihood of the option's own tokens", HI),
    Variable("token_count", ("option",), "int32", "token", "number of the option's own tokens", HI),
    Variable("end_of_turn", ("option",), "float32", "nat", "log-likelihood of the end of turn after the option", HI),
    Variable("text", (), "string", "1", "freely generated answer"),
    Variable("cut", (), "int32", "1", "whether the free answer was cut at its maximum number of tokens"),
)
"""What is stored of every answer; each axis of options is as long as the longest list of them."""


def answer_arrays(sizes: Sizes, beside: Sequence[Variable]) -> list[Array]:
    """/answers: option scores, what stands `beside` them for each option or answer, and generated texts."""

    def variable(each: Variable) -> Array:
        rows = sizes.samples_per_block
        lengths = tuple(each.lengths.get(axis, sizes.options) for axis in each.axes)
        return Array(
            f"answers/{each.name}",
            ("sample", "condition", *each.axes),
            (sizes.samples, sizes.conditions, *lengths),
            each.dtype,
            rows,
            (rows, 1, *lengths),
            attrs=describe(each.meaning, each.unit, each.paper),
        )

    return [variable(each) for each in (*OF_ANSWERS, *beside)]


def segmentation_arrays(slug: str, classes: int, sizes: Sizes) -> list[Array]:
    """/segmentation/<model>: one confusion matrix per image and condition."""
    return [
        Array(
            f"segmentation/{slug}/confusion",
            ("image", "condition", "true", "predicted"),
            (sizes.images, sizes.conditions, classes, classes),
            "int32",
            sizes.block_size,
            (sizes.block_size, 1, classes, classes),
            attrs=describe("pixels by true and predicted class", "pixel"),
        )
    ]


def unassigned_array(slug: str, classes: int, sizes: Sizes) -> Array:
    """/segmentation/<model>/unassigned: pixels that have a class, and for which the model names none of these."""
    return Array(
        f"segmentation/{slug}/unassigned",
        ("image", "condition", "true"),
        (sizes.images, sizes.conditions, classes),
        "int32",
        sizes.block_size,
        (sizes.block_size, 1, classes),
        attrs=describe("pixels by true class that are predicted as none of the classes", "pixel"),
    )


def site_arrays(site: SiteSpec, sizes: Sizes) -> list[Array]:
    """/sites/<slug>: raw tokens if they are kept, the pooled vector, the grid of a token axis, and the variables."""
    dtype, logical = _storage(site)
    mean = "mean over the tokens" if site.tokens is not None else "activation"
    pooled = describe(f"{mean} at {site.site}", site.unit, HI) | logical
    found = [_site_array(site, sizes, "pooled", dtype, {"layer": len(site.layers), "feature": site.features}, pooled)]
    if site.tokens is not None:
        grid = describe("token grid as (pictures or tiles, rows, columns), -1 where there is none", "token")
        n_tokens = describe("number of real tokens", "token")
        found += [
            _site_array(site, sizes, "grid", "int32", {"axis": 3}, grid),
            _site_array(site, sizes, "n_tokens", "int32", {}, n_tokens),
        ]
    for variable in site.variables:
        attrs = describe(variable.meaning, variable.unit, variable.paper)
        found.append(_site_array(site, sizes, variable.name, variable.dtype, site.lengths(variable), attrs))
    return [_tokens(site, sizes), *found] if site.keep_tokens else found


def _site_array(
    site: SiteSpec, sizes: Sizes, name: str, dtype: str, axes: Mapping[str, int], attrs: Mapping[str, str]
) -> Array:
    """An array with one chunk for each unit."""
    per_image, lengths = site.per == "image", tuple(axes.values())
    rows = sizes.block_size if per_image else sizes.samples_per_block
    return Array(
        f"sites/{site.slug}/{name}",
        (site.per, "condition", *axes),
        (sizes.images if per_image else sizes.samples, sizes.conditions, *lengths),
        dtype,
        rows,
        (rows, 1, *lengths),
        attrs=attrs,
    )


def _tokens(site: SiteSpec, sizes: Sizes) -> Array:
    assert site.tokens is not None
    dtype, logical = _storage(site)
    layers, features, size = len(site.layers), site.features, 4 if site.dtype == "float32" else 2
    per_chunk, pieces = token_chunk(site.tokens)
    images = shard_rows(sizes.block_size, layers * per_chunk * pieces * features * size)
    return Array(
        f"sites/{site.slug}/tokens",
        ("image", "condition", "layer", "token", "feature"),
        (sizes.images, sizes.conditions, layers, site.tokens, features),
        dtype,
        sizes.block_size,
        (1, 1, 1, per_chunk, features),
        shard=(images, 1, layers, per_chunk * pieces, features),
        attrs=describe(f"tokens at {site.site}, nan from n_tokens on", site.unit, HI) | logical,
    )


def _storage(site: SiteSpec) -> tuple[str, dict[str, str]]:
    """The stored dtype of a site's activations, and the attribute that tells bfloat16 bits from integers."""
    return ("uint16", {"logical_dtype": "bfloat16"}) if site.dtype == "bfloat16" else (site.dtype, {})


def describe(long_name: str, units: str, paper: str | None = None) -> dict[str, str]:
    """The attributes that every variable carries."""
    return {"long_name": long_name, "units": units, "paper": paper or OURS}


LAYER = describe("layer number, 0 is the input embedding", "1")
"""The attributes of the layer axis of a site."""
