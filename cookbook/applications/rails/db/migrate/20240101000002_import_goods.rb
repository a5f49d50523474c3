# The first goods, by way of a temporary table, with settings for as long as it takes.
class ImportGoods < ActiveRecord::Migration[6.1]
  def up
    execute "SET LOCAL work_mem = '64MB'"
    create_table(:imported, temporary: true, options: 'ON COMMIT DROP') { |t| t.text :name }
    execute "INSERT INTO imported (name) SELECT 'good ' || n FROM generate_series(1, 50) AS n"
    execute 'INSERT INTO goods (name, stock) SELECT name, 1000 FROM imported ORDER BY id'
    execute 'INSERT INTO jobs (runs) SELECT 0 FROM generate_series(1, 60)'
    execute "INSERT INTO migrated (version) VALUES ('2')"
  end

  def down
    execute 'DELETE FROM goods'
  end
end
