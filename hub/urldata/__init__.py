"""Assets that are plain URLs: downloaded, checked and unpacked by the hub itself, with no container."""
