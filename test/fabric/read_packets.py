"""Prints each IP packet of a network namespace, a line of JSON each, until its input ends."""

import json
import select
import socket
import struct
import sys

ALL = 3
OUTGOING = 4


def parsed(frame, ether_type):
    """The addresses and ports of an IP packet; `None` for what is not one."""
    if ether_type == 0x0800 and len(frame) >= 20:
        family, protocol, start = socket.AF_INET, frame[9], (frame[0] & 15) * 4
        source, destination = frame[12:16], frame[16:20]
    elif ether_type == 0x86DD and len(frame) >= 40:
        family, protocol, start = socket.AF_INET6, frame[6], 40
        source, destination = frame[8:24], frame[24:40]
    else:
        return None
    has_ports = protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP) and len(frame) >= start + 4
    ports = struct.unpack("!HH", frame[start : start + 4]) if has_ports else (0, 0)
    return {
        "protocol": {6: "tcp", 17: "udp"}.get(protocol, str(protocol)),
        "source": socket.inet_ntop(family, source),
        "destination": socket.inet_ntop(family, destination),
        "destinationPort": ports[1],
    }


def main():
    reader = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL))
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
    print("ready", flush=True)
    ending = False
    while True:
        # After the end of its input it prints what has arrived until then.
        ready, _, _ = select.select([reader] if ending else [reader, sys.stdin], [], [], 0 if ending else None)
        if sys.stdin in ready:
            ending = True
        elif reader in ready:
            frame, (interface, ether_type, direction, *_) = reader.recvfrom(65535)
            packet = parsed(frame, ether_type)
            if packet is not None:
                print(json.dumps({"interface": interface, "leaves": direction == OUTGOING, **packet}), flush=True)
        elif ending:
            return


main()
