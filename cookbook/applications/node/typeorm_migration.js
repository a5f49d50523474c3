// The tables of the shop on TypeORM.

export class Shop1704067200000 {
  name = 'Shop1704067200000';

  async up(runner) {
    await runner.query('CREATE TABLE customer (id serial, name text NOT NULL)');
    await runner.query(`CREATE TABLE orders (id serial, note text NOT NULL, details jsonb, tags text[] NOT NULL DEFAULT '{}',
      at timestamptz NOT NULL DEFAULT now(), version int NOT NULL, "customerId" int)`);
    await runner.query('CREATE TEMPORARY TABLE seed (name text) ON COMMIT DROP');
    await runner.query("INSERT INTO seed VALUES ('0')");
    await runner.query('INSERT INTO customer (name) SELECT name FROM seed');
    await runner.query('ALTER TABLE customer ADD CONSTRAINT customer_key PRIMARY KEY (id)');
    await runner.query('ALTER TABLE orders ADD CONSTRAINT orders_key PRIMARY KEY (id)');
    await runner.query('ALTER TABLE orders ADD CONSTRAINT "FK_e5de51ca888d8b1f5ac25799dd1" FOREIGN KEY ("customerId") REFERENCES customer (id)');
  }

  async down(runner) {
    await runner.query('DROP TABLE orders, customer');
  }
}
