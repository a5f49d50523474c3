// The message type bytes of the protocol, by their names (PostgreSQL documentation, chapter 55.7).

/** From a client. */
export const QUERY = 0x51; // Q
export const PARSE = 0x50; // P
export const BIND = 0x42; // B
export const DESCRIBE = 0x44; // D
export const EXECUTE = 0x45; // E
export const CLOSE = 0x43; // C
export const FLUSH = 0x48; // H
export const SYNC = 0x53; // S
export const FUNCTION_CALL = 0x46; // F
export const COPY_DATA = 0x64; // d, both ways
export const COPY_DONE = 0x63; // c, both ways
export const COPY_FAIL = 0x66; // f
export const PASSWORD = 0x70; // p
export const TERMINATE = 0x58; // X

/** From a server. */
export const AUTHENTICATION = 0x52; // R
export const BACKEND_KEY_DATA = 0x4b; // K
export const PARAMETER_STATUS = 0x53; // S
export const READY_FOR_QUERY = 0x5a; // Z
export const ERROR_RESPONSE = 0x45; // E
export const NOTICE_RESPONSE = 0x4e; // N
export const NOTIFICATION_RESPONSE = 0x41; // A
export const PARSE_COMPLETE = 0x31; // 1
export const BIND_COMPLETE = 0x32; // 2
export const CLOSE_COMPLETE = 0x33; // 3
export const PARAMETER_DESCRIPTION = 0x74; // t
export const ROW_DESCRIPTION = 0x54; // T
export const NO_DATA = 0x6e; // n
export const DATA_ROW = 0x44; // D
export const COMMAND_COMPLETE = 0x43; // C
export const EMPTY_QUERY_RESPONSE = 0x49; // I
export const PORTAL_SUSPENDED = 0x73; // s
export const FUNCTION_CALL_RESPONSE = 0x56; // V
export const COPY_IN_RESPONSE = 0x47; // G
export const COPY_OUT_RESPONSE = 0x48; // H
export const COPY_BOTH_RESPONSE = 0x57; // W
export const NEGOTIATE_PROTOCOL_VERSION = 0x76; // v

/** The transaction status of ReadyForQuery. */
export const IDLE = 0x49; // I
export const IN_TRANSACTION = 0x54; // T
export const IN_FAILED_TRANSACTION = 0x45; // E

/** The codes that stand where a startup packet has its version. */
export const PROTOCOL_3_0 = 196608;
/** 3.2 is the newest that is spoken with clients, as by PostgreSQL 18; 3.1 is what nobody ever had. */
export const PROTOCOL_MINOR_MAX = 2;
/** Of a cancel key, whoever made it; 4 bytes is what protocol 3.0 has. */
export const CANCEL_KEY_BYTES_MAX = 256;
export const SSL_REQUEST = 80877103;
export const GSSENC_REQUEST = 80877104;
export const CANCEL_REQUEST = 80877102;

/** What PostgreSQL calls its protocol inside TLS (ALPN, registered with IANA). */
export const ALPN = 'postgresql';
