"""Container images that carry our labels and our name, and the builder stages that stayed beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from hub.cleaning.item import Found, Item
from hub.cleaning.live import Live
from hub.engine.docker.arguments import LABEL_IMAGE
from hub.engine.docker.build import LABEL_STAGE
from hub.engine.docker.client import connect, translated
from hub.errors import PrerequisiteError
from hub.settings import Settings

_OURS = "evaldock/"


def find(_settings: Settings, live: Live) -> Found:
    """Return the images of the daemon; a note where none answers."""
    try:
        with closing(connect()) as client, translated("list images"):
            rows = client.df().get("Images") or ()
            containers = client.containers.list(all=True, sparse=True)
    except PrerequisiteError as error:
        return Found(notes=(f"no images were looked at: {error.message}",))
    # The daemon itself refuses to remove an image that a container needs; this says so beforehand.
    users = {str(part.attrs.get("ImageID")): str(part.short_id) for part in containers}
    return Found(tuple(item for row in rows for item in _item(row, users, live)))


def _item(row: Mapping[str, Any], users: Mapping[str, str], live: Live) -> Iterator[Item]:
    labels, identity = row.get("Labels") or {}, str(row["Id"])
    tags = [tag for tag in row.get("RepoTags") or () if tag != "<none>:<none>"]
    name = labels.get(LABEL_IMAGE)
    if name and tags and all(tag.startswith(f"{_OURS}{name}:") for tag in tags):
        shown, group = ", ".join(tags), str(name)
    elif LABEL_STAGE in labels and not tags:
        shown, group = f"builder stage {identity.removeprefix('sha256:')[:12]}", "builder stages"
    else:
        return  # somebody built it on ours, or gave it a name of their own
    size = int(row.get("Size") or 0) - max(0, int(row.get("SharedSize") or 0))
    used = _user(identity, users, live)
    yield Item("image", shown, identity, group, size, float(row.get("Created") or 0), used)


def _user(identity: str, users: Mapping[str, str], live: Live) -> str:
    if run := live.environments.get(identity):
        return f"run {run} uses it"
    if container := users.get(identity):
        return f"container {container} uses it"
    return f"run {live.preparing} is being prepared and may use it" if live.preparing else ""


def used_by(item: Item, live: Live) -> str:
    """Return what uses the item now, as far as runs go; containers are the daemon's to mind."""
    return _user(item.place, {}, live)


def remove(item: Item, _settings: Settings) -> None:
    """Remove one image by its names; the daemon refuses where a container or another image needs it.

    Raises:
        EvaldockError: the daemon refused.
    """
    with closing(connect()) as client, translated("remove it"):
        tags = client.images.get(item.place).tags
        for reference in tags or [item.place]:
            client.images.remove(reference)
