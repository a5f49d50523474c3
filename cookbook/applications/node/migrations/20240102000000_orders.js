// Its orders, and the jobs that they make.

export async function up(knex) {
  await knex.schema.createTable('orders', (table) => {
    table.increments('id');
    table.integer('who').notNullable();
    table.integer('stock_id').references('stock.id');
    table.jsonb('details');
  });
  await knex.schema.createTable('jobs', (table) => {
    table.increments('id');
    table.integer('done_by');
  });
  await knex.raw('INSERT INTO jobs (done_by) SELECT NULL FROM generate_series(1, 80)');
  await knex.raw('CREATE INDEX orders_who ON orders (who)');
}

export async function down(knex) {
  await knex.schema.dropTable('jobs');
  await knex.schema.dropTable('orders');
}
