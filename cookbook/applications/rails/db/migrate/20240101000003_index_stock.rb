# An index without a lock on its table, which PostgreSQL does outside of transactions only.
class IndexStock < ActiveRecord::Migration[6.1]
  disable_ddl_transaction!

  def change
    add_index :goods, :stock, algorithm: :concurrently
    reversible { |dir| dir.up { execute "INSERT INTO migrated (version) VALUES ('3')" } }
  end
end
