"""JAX's side of the training bench: one jitted step of loss, gradients and optax's optimizer."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from peer import asked, serve

workload, _ = asked()
batch, classes = workload["batch"], workload["classes"]
random = np.random.default_rng(1)


def weights(*dims):
    fan = int(np.prod(dims[:-1]))
    return jnp.asarray(random.standard_normal(dims) / np.sqrt(fan), jnp.float32)


def dense(inputs, outputs):
    return {"weight": weights(inputs, outputs), "bias": jnp.zeros(outputs)}


def affine(x, layer):
    return x @ layer["weight"] + layer["bias"]


def norm(size):
    return {"scale": jnp.ones(size), "shift": jnp.zeros(size)}


def standardised(x, axes):
    mean, variance = jnp.mean(x, axes, keepdims=True), jnp.var(x, axes, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5)


def mlp():
    sizes = [workload["inputs"], *workload["hidden"], classes]
    layers = [dense(inputs, outputs) for inputs, outputs in zip(sizes, sizes[1:])]

    def forward(layers, x):
        for layer in layers[:-1]:
            x = jax.nn.relu(affine(x, layer))
        return affine(x, layers[-1])

    return layers, forward, lambda: random.random((batch, sizes[0]), np.float32), optax.adam(1e-3)


def cnn():
    channels = [workload["channels"], *workload["blocks"]]
    blocks = [{"kernel": weights(3, 3, i, o), "norm": norm(o)} for i, o in zip(channels, channels[1:])]

    def forward(model, x):
        for block in model["blocks"]:
            x = jax.lax.conv_general_dilated(x, block["kernel"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            x = jax.nn.relu(standardised(x, (0, 1, 2)) * block["norm"]["scale"] + block["norm"]["shift"])
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        return affine(x.reshape(batch, -1), model["head"])

    shape = (batch, workload["side"], workload["side"], workload["channels"])
    rows = lambda: random.standard_normal(shape, np.float32)
    side = workload["side"] >> len(blocks)
    return {"blocks": blocks, "head": dense(channels[-1] * side * side, classes)}, forward, rows, optax.adam(1e-3)


def transformer():
    width, length, heads = workload["width"], workload["length"], workload["heads"]

    def layer():
        return {
            "before_attention": norm(width), "heads": dense(width, 3 * width), "joined": dense(width, width),
            "before_hidden": norm(width), "hidden": dense(width, 4 * width), "narrowed": dense(4 * width, width),
        }  # fmt: skip

    model = {
        "tokens": weights(workload["vocabulary"], width), "positions": weights(length, width),
        "layers": [layer() for _ in range(workload["layers"])], "norm": norm(width), "head": dense(width, classes),
    }  # fmt: skip

    def normed(x, own):
        return standardised(x, -1) * own["scale"] + own["shift"]

    def forward(model, tokens):
        x = model["tokens"][tokens] + model["positions"]
        for own in model["layers"]:
            packed = affine(normed(x, own["before_attention"]), own["heads"])
            queries, keys, values = (each.reshape(batch, length, heads, -1) for each in jnp.split(packed, 3, -1))
            joined = jax.nn.dot_product_attention(queries, keys, values).reshape(batch, length, width)
            x = x + affine(joined, own["joined"])
            x = x + affine(jax.nn.gelu(affine(normed(x, own["before_hidden"]), own["hidden"])), own["narrowed"])
        return affine(normed(x, model["norm"]).mean(1), model["head"])

    rows = lambda: random.integers(workload["vocabulary"], size=(batch, length))
    return model, forward, rows, optax.adamw(1e-3)


parameters, forward, make_rows, optimizer = {"mlp": mlp, "cnn": cnn, "transformer": transformer}[workload["network"]]()
state = optimizer.init(parameters)
batches = [(make_rows(), random.integers(classes, size=batch)) for _ in range(16)]
turn = 0


def loss_of(parameters, rows, targets):
    return optax.softmax_cross_entropy_with_integer_labels(forward(parameters, rows), targets).mean()


def update(parameters, state, rows, targets):
    loss, gradients = jax.value_and_grad(loss_of)(parameters, rows, targets)
    updates, state = optimizer.update(gradients, state, parameters)
    return optax.apply_updates(parameters, updates), state, loss


jitted = jax.jit(update, donate_argnums=(0, 1))


def step():
    global parameters, state, turn
    rows, targets = batches[turn % len(batches)]
    turn += 1
    parameters, state, loss = jitted(parameters, state, rows, targets)
    return float(loss)


serve("JAX", jax.__version__, step)
