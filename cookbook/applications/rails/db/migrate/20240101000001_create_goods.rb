class CreateGoods < ActiveRecord::Migration[6.1]
  def change
    create_table :migrated do |t|
      t.text :version, null: false
    end
    create_table :goods do |t|
      t.text :name, null: false, index: { unique: true }
      t.integer :stock, null: false
      t.check_constraint 'stock >= 0', name: 'stock_is_not_negative'
    end
    create_table :orders do |t|
      t.integer :worker, null: false
      t.integer :count, null: false
      t.references :good, null: false, foreign_key: true
      t.timestamps
    end
    create_table :jobs do |t|
      t.integer :runs, null: false, default: 0
      t.integer :done_by
      t.timestamp :finished_at
    end
    reversible { |dir| dir.up { execute "INSERT INTO migrated (version) VALUES ('1')" } }
  end
end
