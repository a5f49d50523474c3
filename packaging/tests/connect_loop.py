# Connects again and again until it is told to end, as eager clients would, and counts how each ended before it was answered.
#
#   connect_loop.py SOCKET USER DATABASE STOP_FILE    prints one JSON object

import json
import os
import socket
import struct
import sys
import threading
import time

path, user, database, stop = sys.argv[1:5]
counts = {"answered": 0, "refused": 0, "reset": 0, "ended": 0, "other": []}
lock = threading.Lock()
body = struct.pack("!i", 196608) + f"user\0{user}\0database\0{database}\0\0".encode()
startup = struct.pack("!i", len(body) + 4) + body


def once():
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    try:
        client.connect(path)
        client.sendall(startup)
        first = client.recv(1)
        # R: asked for its proof. E: told why not, which is no way to treat a client either.
        return "answered" if first == b"R" else "ended" if first == b"" else f"heard {first + client.recv(400)!r}"
    except (ConnectionRefusedError, FileNotFoundError):
        return "refused"
    except (ConnectionResetError, BrokenPipeError):
        return "reset"
    except OSError as error:
        return repr(error)
    finally:
        client.close()


def work():
    while not os.path.exists(stop):
        outcome = once()
        with lock:
            if outcome in counts:
                counts[outcome] += 1
            else:
                counts["other"].append(outcome)
        time.sleep(0.002)


threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(counts))
