"""What is remembered of a world folder between passes: only documents that changed are read again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from supervisor.core.instant import Instant
from supervisor.core.model.actual import Actual, Reading
from supervisor.core.state.world_union import WorldUnion
from supervisor.files.file_cache import Changes, FileCache
from supervisor.files.listings import Listings
from supervisor.files.loaded import Loaded
from supervisor.files.reading import Settle, Unread, printable_path, read_files, reason
from supervisor.files.trees import WORLD_TREE, own_node
from supervisor.files.world.document import parse_document
from supervisor.files.world.load import documents, unread_document, unusable_files, unusable_folder, world_of


class WorldMemory:
    """Reads what ``load_world`` reads. What did not change is the same object as in the pass before."""

    def __init__(self, folder: str, max_bytes: int, settle: Settle | None, now: Callable[[], Instant]) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._settle = settle
        self._listings = Listings(now)
        # Reasons, not errors: an error that was raised leads back here by way of its frames.
        self._files: dict[str, str | None] = {}
        self._cache: FileCache[Reading] = FileCache(folder, now)
        self._union = WorldUnion()
        self._loaded: Loaded[Actual] | None = None

    def read(self, changes: Changes | None = None) -> Loaded[Actual]:
        """Look at every document, or at those alone that ``changes`` names."""
        before = self._union.actual
        due = {file: whole for file, whole in sorted((changes or {}).items()) if WORLD_TREE.reads(file)}
        if changes is not None and before.readings and not any(self._may_have_twin(file, before) for file in due):
            changed = self._read(due, before)
        else:
            try:
                changed = self._read_all(before)
            except OSError as error:
                message = f"the world folder {printable_path(self._folder)} cannot be read: {reason(error)}"
                self._union = WorldUnion()
                self._loaded = unusable_folder(message)
                return self._loaded
        actual = self._union.change(changed)
        if self._loaded is None or self._loaded.value is not actual:
            self._loaded = world_of(self._folder, actual)
        return self._loaded

    def _may_have_twin(self, file: str, before: Actual) -> bool:
        """Whether an own document comes, or is not the only document of its node: then the others change with it."""
        return own_node(file) is not None and (file not in before.readings or self._files.get(file) is not None)

    def _read_all(self, before: Actual) -> dict[str, Reading | None]:
        """What changed anywhere in the folder, None for what is gone. OSError when it cannot be listed."""
        if not self._listings.hold():
            self._files = documents(self._folder, self._listings)
        files, known = self._files, before.readings
        changed: dict[str, Reading | None] = dict.fromkeys(known.keys() - files.keys())
        changed |= {file: reading for file, reading in unusable_files(files).items() if reading != known.get(file)}
        same = self._cache.unchanged(files).keys() & known.keys()
        due = {file: False for file, fault in files.items() if fault is None and file not in same}
        changed |= self._read(due, before)
        if changed:
            self._cache.keep_only(files)
        return changed

    def _read(self, files: Changes, before: Actual) -> dict[str, Reading | None]:
        """Those of some documents that say something else now."""
        changed: dict[str, Reading | None] = {}
        for file, content in read_files(self._folder, files, self._max_bytes, self._settle):
            known = before.readings.get(file)
            if isinstance(content, Unread):
                self._cache.forget(file)
                reading = unread_document(self._folder, file, content)
                reading = known if reading == known else reading
            else:
                reading = self._cache.value(file, content, partial(parse_document, file, packed=True))
            if reading is not known:
                changed[file] = reading
        return changed
