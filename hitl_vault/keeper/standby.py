"""Keeps one vault: leads when nobody else does, stands by otherwise, and takes over when the leader dies."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from hitl_vault.config import SETTINGS_FOLDER, TEMPLATES, Config
from hitl_vault.domain.text import visible
from hitl_vault.errors import VaultError
from hitl_vault.keeper.inbox import Inbox
from hitl_vault.keeper.leader import Leadership
from hitl_vault.keeper.loop import BREATH, FEW, Loop
from hitl_vault.keeper.once import Once, Sure
from hitl_vault.ledger.protocol import Ledger
from hitl_vault.vault.draw import Drawer
from hitl_vault.vault.layout import Layout
from hitl_vault.vault.templates import Templates
from hitl_vault.vault.watch import Watcher

TRY_EVERY = 0.5
"""Seconds between two tries of a standby to lead."""
RECOVER_AFTER = 1.0
ROUNDS = 50
"""How often at most one looks for what was asked meanwhile, before letting others draw it."""
LULL = 0.005
"""Seconds without news after which a file is looked at by itself."""

_log = logging.getLogger("hitl_vault.keeper")


def _warn(sentence: str) -> None:
    _log.warning("%s", visible(sentence))  # it may name files and quote notes that others wrote


class Keeper:
    """A background thread that reads ballots, keeps deadlines and draws notes, while it is the active one.

    Any number may run on one vault; a lock in the state directory lets one be active. `tell`
    takes one sentence for the operator at a time; by default, and where it raises, they are logged.
    """

    def __init__(self, config: Config, ledger: Ledger, *, tell: Callable[[str], None] | None = None) -> None:
        self._config = config
        self._ledger = ledger
        self._tell_state = Sure(tell or _warn)
        self._tell = Once(self._tell_state)
        self._layout = Layout(config.root)
        self._leadership = Leadership(config.state, config.root / SETTINGS_FOLDER)
        self._inbox = Inbox()
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._busy = threading.Lock()
        self._heard = 0.0
        self._thread: threading.Thread | None = None
        self._reached = 0
        self.led = False

    @property
    def active(self) -> bool:
        """Whether this keeper is the active one."""
        return self._leadership.held

    def start(self) -> None:
        """Start standing by; returns at once."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="hitl-keeper", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finish what has arrived and stop; another keeper may take over."""
        self._stopping.set()
        self._inbox.wake()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wait_ready(self, timeout: float) -> bool:
        """Wait until this keeper is active and has caught up; tell whether it is."""
        return self._ready.wait(timeout)

    def catch_up(self) -> bool:
        """Draw what the ledger has and the vault has not, once; False if another keeper does that."""
        if not self._draw_once():
            return False
        self._draw_the_rest()
        return True

    def _draw_the_rest(self) -> None:
        """Draw what was asked by somebody who found this keeper at work, and so left it to it."""
        for _ in range(ROUNDS):
            if self._ledger.last_seq() <= self._reached or not self._draw_once():
                return

    def _draw_once(self) -> bool:
        if not self._leadership.take():
            return False
        try:
            with self._loop() as loop:
                loop.start(survey=False)
                self._drain(loop)
                self._reached = loop.received_up_to
        finally:
            self._leadership.leave()
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._leadership.take():
                    self._lead()
                else:
                    self._stopping.wait(TRY_EVERY)
            except Exception as error:
                # A keeper that dies silently would leave people's answers unread.
                _log.debug("the keeper stumbled", exc_info=True)
                self._tell(f"the keeper stumbled and starts again: {error}")
                self._stopping.wait(RECOVER_AFTER)
            finally:
                self._ready.clear()
                self._leadership.leave()
        self._finish()

    def _finish(self) -> None:
        try:
            if self.led:
                self._draw_the_rest()
        except Exception as error:
            _log.debug("the keeper stumbled at its end", exc_info=True)
            self._tell(f"what was asked last is left for the next keeper to draw: {error}")

    def _lead(self) -> None:
        self.led = True
        self._inbox = Inbox()
        if self._stopping.is_set():
            return
        with ExitStack() as at_the_end:
            loop = at_the_end.enter_context(self._loop())
            at_the_end.callback(self._ledger.subscribe(self._inbox.entries))
            watcher = Watcher(
                self._config.root,
                on_path=partial(self._hear, loop),
                on_rescan=self._inbox.rescan,
                on_state=self._tell_state,
                mode=self._config.settings.watch,
            )
            at_the_end.callback(watcher.stop)
            at_the_end.callback(self._be_alone)
            self._layout.make()
            self._leadership.show()
            watcher.start()
            loop.start()
            self._turns(loop)

    def _be_alone(self) -> None:
        """Wait for what the watcher's thread does, and let it do no more."""
        self._ready.clear()
        with self._busy:
            return

    def _turns(self, loop: Loop) -> None:
        while not self._stopping.is_set():
            with self._busy:
                try:
                    loop.turn()
                except VaultError as error:
                    self._tell(str(error))
                    self._stopping.wait(RECOVER_AFTER)
                idle = loop.idle_for()
            if idle:
                self._ready.set()
            work = self._inbox.take(idle)
            if 0 < len(work.entries) <= FEW:
                time.sleep(BREATH)
            with self._busy:
                loop.receive(work)
        with self._busy:
            self._drain(loop)
        self._reached = loop.received_up_to

    def _hear(self, loop: Loop, path: str) -> None:
        """Look at a file at once, in the watcher's thread, if the keeper is at rest; else leave word.

        Waking the keeper's own thread takes as long as reading the note. What comes in numbers is left
        to it: it takes in many at a time.
        """
        before, self._heard = self._heard, time.monotonic()
        if self._heard - before < LULL or not self._busy.acquire(blocking=False):
            self._inbox.path(path)
            return
        try:
            if self._ready.is_set():
                loop.answer(path)
                self._inbox.wake()
                return
            self._inbox.path(path)
        except Exception as error:
            # The keeper's own thread meets it again, and whatever else was about to be looked at.
            _log.debug("an answer could not be taken in at once", exc_info=True)
            self._inbox.rescan(f"a look failed: {error}")
        finally:
            self._busy.release()

    def _drain(self, loop: Loop) -> None:
        while loop.busy:
            loop.turn()

    def _loop(self) -> Loop:
        drawer = Drawer(Templates(self._config.source / TEMPLATES))
        return Loop(self._config, self._ledger, self._layout, drawer, tell=self._tell)
