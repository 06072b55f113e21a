"""Import torchvision beside a build of torch that is not its own."""

from __future__ import annotations

import sys

_LOOKED_FOR = ("nms", "qnms")


def import_torchvision() -> None:
    """Import it where an index serves one build of it for all builds of torch, before anything else imports it.

    Under another than its own its operators do not load; it copes with that, but for two whose names must be known.
    """
    import torch  # noqa: PLC0415

    try:
        import torchvision  # noqa: PLC0415
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "FRAGMENT")
        for operator in _LOOKED_FOR:
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision  # noqa: PLC0415

        torchvision._declared = library  # noqa: SLF001 - what was declared lasts as long as this is held
