import os
import subprocess
import sys
import threading
import time

from cellwright.execution.ownership import is_dead, owner, started
from cellwright.execution.single_flight import single_flight


def sleeper():
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def test_this_process_is_alive():
    assert not is_dead(owner())


def test_a_process_that_ended_is_dead_though_nobody_waited_for_it():
    process = sleeper()
    host, boot, _, _ = owner().split("/")
    name = f"{host}/{boot}/{process.pid}/{started(process.pid)}"
    before = is_dead(name)

    process.kill()
    until = time.monotonic() + 10
    while started(process.pid) and time.monotonic() < until:
        time.sleep(0.01)
    after = is_dead(name)
    process.wait()

    assert (before, after) == (False, True)


def test_a_process_with_a_number_used_again_is_not_the_one_that_had_it():
    host, boot, _, _ = owner().split("/")

    assert is_dead(f"{host}/{boot}/{os.getpid()}/1")


def test_a_process_before_the_restart_of_the_machine_is_dead():
    host, _, pid, start = owner().split("/")

    assert is_dead(f"{host}/another-boot/{pid}/{start}")


def test_a_process_of_another_machine_may_be_alive():
    assert not is_dead("elsewhere/another-boot/1/1")
    assert not is_dead("what is this")


def test_threads_take_turns_and_the_waiting_are_told(tmp_path):
    inside, most, told = [], [], []

    def work():
        with single_flight(tmp_path / "locks" / "x", lambda: told.append(1)):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.05)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(most) == 1
    assert len(told) == 3


def test_a_killed_process_holds_no_lock(tmp_path):
    lock = tmp_path / "x"
    script = (
        "import sys, time\nfrom pathlib import Path\n"
        "from cellwright.execution.single_flight import single_flight\n"
        "with single_flight(Path(sys.argv[1]), lambda: None):\n"
        "    print('held', flush=True)\n    time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", script, str(lock)], stdout=subprocess.PIPE)
    holder.stdout.readline()
    told = []

    threading.Timer(0.3, holder.kill).start()
    with single_flight(lock, lambda: told.append(1)):
        ended = holder.wait()

    assert (told, ended) == ([1], -9)
