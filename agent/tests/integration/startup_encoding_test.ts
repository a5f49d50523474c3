// What a client asks for in its startup packet is read the same, whatever encoding the client before it left at the server.

import { expect, setDefaultTimeout, test } from 'bun:test';
import { serve } from '../harness/application.ts';
import { createCertificateAuthority } from '../harness/certificates.ts';
import { message, query, startup } from '../harness/client_words.ts';
import { startPostgres } from '../harness/postgres.ts';
import { RawClient, socketOf } from '../harness/raw_client.ts';

setDefaultTimeout(60_000);

test('a backslash behind a letter ends no literal where the client before spoke SJIS, Big5, GBK or Latin 1', async () => {
  const authority = createCertificateAuthority();
  await using postgres = await startPostgres({
    tls: { server: authority.issueServer() },
    users: { app: '' },
    databases: { shop: 'app' },
  });
  await using agent = await serve({
    postgres,
    authority,
    settings: { auth_type: 'plain', default_pool_size: 1 },
  });
  const join = async (more: Readonly<Record<string, string>>): Promise<RawClient> => {
    const client = new RawClient(socketOf(agent));
    client.say(startup({ user: 'app', database: 'shop', ...more }));
    await client.until('R\0\0\0\x08\0\0\0\x03');
    client.say(message('p', `${postgres.passwordOf('app')}\0`));
    await client.until('Z\0\0\0\x05I');
    client.heard = '';
    return client;
  };
  const value = "Grüße \u3042\\'; SELECT 1/0; --";
  for (const encoding of ['SJIS', 'BIG5', 'GBK', 'LATIN1']) {
    const before = await join({ client_encoding: encoding });
    before.say(query('SELECT 1'));
    await before.until('Z\0\0\0\x05I');
    const client = await join({ client_encoding: 'UTF8', 'shop.note': value });
    client.say(query(`SHOW "shop.note"`));
    const heard = Buffer.from(await client.until('Z\0\0\0\x05I'), 'latin1').toString('utf8');
    expect(heard).toContain(value);
    before.close();
    client.close();
  }
});
