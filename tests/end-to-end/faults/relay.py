"""A bad line in user space: `python -m faults.relay SEED LOSS DELAY JITTER A B …` carries frames between the interfaces
A and B of each pair, loses a share of them (percent) and delays the rest (milliseconds), so that some overtake others.

`tc netem` does the same where the kernel has it; this works in every kernel with packet sockets.
"""

import heapq
import random
import select
import socket
import sys
import time

EVERY_PROTOCOL, PACKET_LEVEL, OFFLOAD_HEADER, IGNORE_OUTGOING = 3, 263, 15, 23
MOST = 1 << 17
MOST_WAITING = 20_000


def listen(interface):
    """Hears and says whole frames, with what the kernel has still to do to them: checksums, cutting."""
    line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    line.setsockopt(PACKET_LEVEL, OFFLOAD_HEADER, 1)
    line.setsockopt(PACKET_LEVEL, IGNORE_OUTGOING, 1)
    line.bind((interface, EVERY_PROTOCOL))
    line.setblocking(False)
    return line


def main():
    seed, loss, delay, jitter = (float(argument) for argument in sys.argv[1:5])
    names = sys.argv[5:]
    lines = [listen(name) for name in names]
    other = {line.fileno(): lines[index ^ 1] for index, line in enumerate(lines)}
    by_number = {line.fileno(): line for line in lines}
    poll = select.poll()
    for number in by_number:
        poll.register(number, select.POLLIN)
    chance, waiting, count = random.Random(seed), [], 0
    print("ready", flush=True)
    while True:
        pause = None if not waiting else max(0, (waiting[0][0] - time.monotonic()) * 1000)
        for number, _ in poll.poll(pause):
            while True:
                try:
                    frame = by_number[number].recv(MOST)
                except BlockingIOError:
                    break
                if chance.random() * 100 >= loss and len(waiting) < MOST_WAITING:
                    due = time.monotonic() + (delay + chance.uniform(-jitter, jitter)) / 1000
                    count += 1
                    heapq.heappush(waiting, (due, count, other[number], frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, line, frame = heapq.heappop(waiting)
            try:
                line.send(frame)
            except OSError:
                pass  # a full queue loses it, as a line does


if __name__ == "__main__":
    main()
