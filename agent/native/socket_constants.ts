// Linux's numbers for sockets, the same on x86-64 and arm64 (asm-generic/socket.h).

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

export const SOL_SOCKET = 1;
export const SO_TYPE = 3;
export const SO_KEEPALIVE = 9;
export const SO_PEERCRED = 17;
export const SO_ACCEPTCONN = 30;

export const IPPROTO_TCP = 6;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_USER_TIMEOUT = 18;

export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

export const F_SETFD = 2;
export const FD_CLOEXEC = 1;

export const LOCK_EX = 2;
export const LOCK_NB = 4;

export const CLOCK_MONOTONIC = 1;
