"""The store's arrays, group by group: names, dims, types, units and sources."""

from typing import Any

from .arrays import Array, shard_rows, token_chunk
from .specs import SiteSpec, Sizes

HI = "arXiv 2602.06652"
OURS = "this project"


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


def answer_arrays(sizes: Sizes) -> list[Array]:
    """/answers: option scores and generated texts."""

    def variable(name: str, dtype: str, long_name: str, units: str, *, option: bool = True) -> Array:
        rows, shape = sizes.samples_per_block, (sizes.samples, sizes.conditions)
        attrs = describe(long_name, units, HI if option else None)
        if not option:
            return Array(f"answers/{name}", ("sample", "condition"), shape, dtype, rows, (rows, 1), attrs=attrs)
        dims, chunk = ("sample", "condition", "option"), (rows, 1, sizes.options)
        return Array(f"answers/{name}", dims, (*shape, sizes.options), dtype, rows, chunk, attrs=attrs)

    return [
        variable("log_likelihood", "float32", "summed log-likelihood of the option's own tokens", "nat"),
        variable("token_count", "int32", "number of the option's own tokens", "token"),
        variable("end_of_turn", "float32", "log-likelihood of the end of turn after the option", "nat"),
        variable("text", "string", "freely generated answer", "1", option=False),
    ]


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


def site_arrays(site: SiteSpec, sizes: Sizes) -> list[Array]:
    """/sites/<slug>: the pooled vector; with a token axis also what was computed from the tokens, and the tokens."""
    layers, features = len(site.layers), site.features
    floats: dict[str, Any] = {"dtype": "uint16" if site.dtype == "bfloat16" else site.dtype}
    logical = {"logical_dtype": "bfloat16"} if site.dtype == "bfloat16" else {}
    rows = sizes.block_size if site.per == "image" else sizes.samples_per_block
    total = sizes.images if site.per == "image" else sizes.samples

    def variable(name: str, dtype: str, axes: dict[str, int], attrs: dict[str, str]) -> Array:
        lengths = tuple(axes.values())
        return Array(
            f"sites/{site.slug}/{name}",
            (site.per, "condition", *axes),
            (total, sizes.conditions, *lengths),
            dtype,
            rows,
            (rows, 1, *lengths),
            attrs=attrs,
        )

    what = "mean over the tokens" if site.tokens is not None else "activation"
    pooled_attrs = {**describe(f"{what} at {site.site}", "model units", HI), **logical}
    pooled = variable("pooled", floats["dtype"], {"layer": layers, "feature": features}, pooled_attrs)
    if site.tokens is None:
        return [pooled]
    layer = {"layer": layers}
    found = [
        pooled,
        variable("grid", "int32", {"axis": 3}, describe("token grid as (frames, rows, columns)", "token")),
        variable("n_tokens", "int32", {}, describe("number of real tokens", "token")),
        variable("dirichlet", "float32", layer, describe("Dirichlet energy of the tokens", "model units squared", HI)),
        variable("dirichlet_scale_free", "float32", layer, describe("Dirichlet energy over variance", "1", OURS)),
        variable("spectrum", "float32", {**layer, "band": site.bands}, describe("token-grid band power", "1", OURS)),
        variable(
            "token_drift",
            "float16",
            {**layer, "token": site.tokens},
            describe("cosine distance of each token to its clean self", "1", HI),
        ),
    ]
    return [_tokens(site, sizes, floats["dtype"], logical), *found] if site.keep_tokens else found


def _tokens(site: SiteSpec, sizes: Sizes, dtype: str, logical: dict[str, str]) -> Array:
    assert site.tokens is not None
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
        attrs={**describe(f"tokens at {site.site}, nan from n_tokens on", "model units", HI), **logical},
    )


def describe(long_name: str, units: str, paper: str | None = None) -> dict[str, str]:
    """The attributes that every variable carries."""
    return {"long_name": long_name, "units": units, "paper": paper or OURS}
