// The tables of the shop on knex.

export async function up(knex) {
  await knex.schema.createTable('stock', (table) => {
    table.increments('id');
    table.string('name').notNullable().unique();
    table.integer('sold').notNullable().defaultTo(0);
  });
  // Rows that are made with the help of a temporary table, which has to go again for the next migration.
  await knex.raw(
    "CREATE TEMPORARY TABLE seed AS SELECT i AS id, 'thing ' || i AS name FROM generate_series(1, 100) AS i",
  );
  await knex.raw('INSERT INTO stock (name) SELECT name FROM seed ORDER BY id');
  await knex.schema.dropTable('seed');
}

export const down = (knex) => knex.schema.dropTable('stock');
