"""Linen layers that every network here is made of.

Convolutions come from `jgan.convolution.convolution`, which stays fast inside compiled loops. Spectral
vectors live in a collection of their own, ``"spectral"``.

A layer's ``dtype`` is that of its products and of the activations between layers. Everything that adds
up many numbers or decides a scale is float32 whatever the dtype: parameters, batch statistics, spectral
norms, the sums of a bias's gradient, and the last layer of whoever returns logits (the rules of Micikevicius
et al. 2018, "Mixed precision training", section 3). bfloat16 has float32's exponent, so gradients that
float32 can hold do not vanish in it and no loss is scaled (Kalamkar et al. 2019, "A study of BFLOAT16
for deep learning training").
"""

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.batch_axis import axis_name
from jgan.convolution.convolution import (
    Padding,
    conv,
    conv_pool,
    conv_transpose,
    upsample_conv,
)
from jgan.networks.parameter import BatchNorm, LayerNorm, parameter
from jgan.networks.spectral import power_iteration

Initializer = Callable[..., jax.Array]
NORMS = ("batch", "layer", "spectral", "none")
DTYPES = ("float32", "bfloat16")


def check_norm(norm: str) -> None:
    """Raise ValueError unless ``norm`` is one of `NORMS`."""
    if norm not in NORMS:
        raise ValueError(f"norm is {norm!r}, but must be one of {', '.join(NORMS)}.")


def compute_dtype(dtype: Any) -> Any:
    """The dtype of a network's computation, given by name or as itself.

    float64 passes too, for numerics under ``jax_enable_x64``.

    Raises:
      ValueError: unless it is one of `DTYPES` or float64.

    >>> compute_dtype("bfloat16") == jnp.bfloat16
    True
    """
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", str(dtype))
    if name == "float16":
        raise ValueError(
            "dtype is 'float16', in which gradients vanish unless the loss is scaled, but must be 'float32' "
            "or 'bfloat16', which needs no loss scaling because its exponent is float32's."
        )
    if name not in (*DTYPES, "float64"):
        raise ValueError(f"dtype is {name!r}, but must be one of {', '.join(DTYPES)}.")
    return jnp.dtype(name)


class _Kernel(nn.Module):
    """A layer with a kernel ``(..., in, out)``, spectrally normalised if asked, and a bias."""

    features: int
    bias: bool = True
    spectral: bool = False
    kernel_init: Initializer = nn.initializers.lecun_normal()
    bias_init: Initializer = nn.initializers.zeros_init()
    dtype: Any = jnp.float32

    def kernel(self, shape: Sequence[int], train: bool) -> jax.Array:
        """The kernel, divided by its largest singular value where ``spectral`` is set.

        A convolution's kernel is read as the matrix ``(kh kw in, out)``, as in the reference code.
        """
        kernel = parameter(self, "kernel", self.kernel_init, tuple(shape))
        if self.spectral:
            u = self.variable(
                "spectral",
                "u",
                lambda: jax.random.normal(self.make_rng("params"), (self.features,)),
            )
            matrix = kernel.reshape(-1, self.features)
            sigma, renewed = power_iteration(matrix, u.value, steps=1 if train else 0)
            if train:
                u.value = renewed
            # A kernel of zeros stays one.
            kernel = kernel / jnp.where(sigma > 0, sigma, 1)
        return kernel.astype(self.dtype)

    def biased(self, y: jax.Array) -> jax.Array:
        """``y`` plus the bias, if there is one."""
        if not self.bias:
            return y
        bias = parameter(self, "bias", self.bias_init, (self.features,))
        # The bias's gradient sums over the whole batch: half precision would stop counting at 256.
        wide = jnp.promote_types(self.dtype, jnp.float32)
        return (y.astype(wide) + bias.astype(wide)).astype(self.dtype)


class Dense(_Kernel):
    """``(..., in) -> (..., features)``."""

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Apply the layer."""
        kernel = self.kernel((x.shape[-1], self.features), train)
        return self.biased(x.astype(self.dtype) @ kernel)


class Conv(_Kernel):
    """Convolution ``(B, H, W, in) -> (B, H', W', features)``.

    ``resample`` is ``"pool"`` for a 2x2 average pooling after a 3x3 convolution and ``"upsample"`` for
    nearest upsampling before one, each computed as a single 4x4 convolution. ``padding`` is that of
    `jgan.convolution.convolution.conv`, for convolutions that are not resampled.
    """

    size: int = 3
    stride: int = 1
    resample: str = "none"
    padding: Padding = "SAME"

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Apply the layer."""
        kernel = self.kernel((self.size, self.size, x.shape[-1], self.features), train)
        x = x.astype(self.dtype)
        if self.resample == "pool":
            return self.biased(conv_pool(x, kernel))
        if self.resample == "upsample":
            return self.biased(upsample_conv(x, kernel))
        return self.biased(conv(x, kernel, stride=self.stride, padding=self.padding))


class ConvTranspose(_Kernel):
    """Transposed convolution ``(B, h, w, in) -> (B, *output_size, features)``.

    ``padding`` is that of the convolution whose adjoint this is.
    """

    size: int = 5
    stride: int = 2
    output_size: tuple[int, int] | None = None
    padding: Padding = "SAME"

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Apply the layer."""
        kernel = self.kernel((self.size, self.size, x.shape[-1], self.features), train)
        y = conv_transpose(
            x.astype(self.dtype),
            kernel,
            stride=self.stride,
            padding=self.padding,
            output_size=self.output_size,
        )
        return self.biased(y)


class ResizeConv(_Kernel):
    """Nearest upsampling and a convolution, ``(B, h, w, in) -> (B, *output_size, features)``.

    Every pixel is reached by equally many weights, so that no checkerboard is built in, as it is into a
    transposed convolution whose stride does not divide the size of its kernel (Odena, Dumoulin & Olah 2016,
    "Deconvolution and checkerboard artifacts"). Both are computed as one transposed convolution. Rows and
    columns beyond ``output_size``, at most twice the input's, are cut off.
    """

    size: int = 3
    output_size: tuple[int, int] | None = None

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Apply the layer."""
        kernel = self.kernel((self.size, self.size, x.shape[-1], self.features), train)
        y = upsample_conv(x.astype(self.dtype), kernel)
        height, width = self.output_size or y.shape[1:3]
        return self.biased(y[:, :height, :width])


ENLARGING = {"strided": ConvTranspose, "smooth": ResizeConv}
"""The layers that double an image, by the name of the resampling."""
HALVING_SIZE = {"strided": 5, "smooth": 4}
"""Side of the kernels that halve an image with a stride of 2, by the name of the resampling.

Four is a multiple of the stride, so that the gradient reaches every pixel through equally many weights.
"""


def check_resampling(resampling: str) -> None:
    """Raise ValueError unless ``resampling`` is one of `ENLARGING`."""
    if resampling not in ENLARGING:
        raise ValueError(
            f"resampling is {resampling!r}, but must be one of {', '.join(ENLARGING)}."
        )


def check_batch_moments(x: jax.Array, train: bool) -> None:
    """Refuse batch statistics of one value a channel: every example would become zero.

    Raises:
      ValueError: if ``train`` and ``x``, ``(B, ..., C)``, has one value of each channel on all devices.
    """
    if train and x.size == x.shape[-1] and axis_name() is None:
        raise ValueError(
            "a batch of 1 example is normalised to zeros by batch normalisation; use batches of at least 2 "
            "examples, or norm='layer', 'spectral' or 'none'."
        )


def standardized(
    x: jax.Array, *, train: bool, momentum: float = 0.9, epsilon: float = 1e-5
) -> jax.Array:
    """Batch normalisation of ``x`` ``(B, ..., C)`` without scale or bias; called from within a Linen module.

    Args:
      x: activations.
      train: whether the batch's own statistics are taken, and the running ones renewed.
      momentum: of the running statistics.
      epsilon: added to the variance.

    Raises:
      ValueError: as `check_batch_moments`.
    """
    check_batch_moments(x, train)
    return BatchNorm(
        use_running_average=not train,
        momentum=momentum,
        epsilon=epsilon,
        use_scale=False,
        use_bias=False,
        axis_name=axis_name(),
        use_fast_variance=False,
        dtype=x.dtype,
    )(x)


class Norm(nn.Module):
    """The normalisation called ``kind``: batch, layer (over all of one example), or nothing.

    "spectral" normalises weights, not activations, so here it is nothing too. Variances are means of squared
    deviations; the difference of the mean square and the squared mean has no digits left where the mean is
    large.

    Raises:
      ValueError: when it is applied in training, if ``kind`` is "batch" and there is a single value to
        normalise, whose deviation from its mean is always zero.
    """

    kind: str
    momentum: float = 0.9
    epsilon: float = 1e-5
    scale_init: Initializer = nn.initializers.ones_init()

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Normalise ``x``."""
        if self.kind not in ("batch", "layer"):
            return x
        # In half precision the parts of the gradient, which all but cancel, would be rounded apart.
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        if self.kind == "batch":
            check_batch_moments(x, train)
            normed = BatchNorm(
                use_running_average=not train,
                momentum=self.momentum,
                epsilon=self.epsilon,
                scale_init=self.scale_init,
                axis_name=axis_name(),
                use_fast_variance=False,
                dtype=wide.dtype,
            )(wide)
        else:
            axes = tuple(range(1, x.ndim))
            normed = LayerNorm(
                epsilon=self.epsilon,
                reduction_axes=axes,
                feature_axes=-1,
                use_fast_variance=False,
                dtype=wide.dtype,
            )(wide)
        return normed.astype(x.dtype)


def leaky_relu(x: jax.Array) -> jax.Array:
    """Leaky rectifier with slope 0.2."""
    return jax.nn.leaky_relu(x, 0.2)


def average_pool(x: jax.Array) -> jax.Array:
    """2x2 average pooling, ``(B, 2h, 2w, C) -> (B, h, w, C)``."""
    count, height, width, channels = x.shape
    return x.reshape(count, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))


def upsample(x: jax.Array) -> jax.Array:
    """Nearest upsampling, ``(B, h, w, C) -> (B, 2h, 2w, C)``."""
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)
