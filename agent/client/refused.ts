// What a server gets in place of a text that an operator does not allow: it says no, and the client is told why.

/** No SQL, and no name in it. */
export const REFUSED = 'refused by the pooler';
