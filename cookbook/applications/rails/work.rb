# One process of the shop: migrates, answers, works off jobs, and hears what the others say.

ENV['RAILS_ENV'] ||= 'production'
ENV['VERBOSE'] = 'false'
require 'worker'
require_relative 'config/environment'
require 'rake'

include Worker

Rails.application.load_tasks

def sql(text)
  ApplicationRecord.connection.select_value(text)
end

def migrate
  Rake::Task['db:migrate'].all_prerequisite_tasks.each(&:reenable)
  Rake::Task['db:migrate'].reenable
  Rake::Task['db:migrate'].invoke
rescue ActiveRecord::ConcurrentMigrationError
  # One process migrates; Rails tells the others so, and a deployment tries again.
  sleep 0.1
  retry
end

def migrated
  versions = sql("SELECT string_agg(version, ' ' ORDER BY version) FROM migrated")
  [versions, ActiveRecord::SchemaMigration.count, ApplicationRecord.connection.migration_context.needs_migration?]
end

check :migrations_of_all_at_once do
  # Rails makes these two before it takes its lock: two processes at a new database would be in each other's way.
  if NUMBER.zero?
    ActiveRecord::SchemaMigration.create_table
    ActiveRecord::InternalMetadata.create_table
  end
  meet
  migrate
  meet
  migrated
end

check :prepared_statements do
  found = (1..20).map { |id| Good.find(id).name }
  some = Good.where(stock: 900..).where.not(id: 3).order(:id).limit(3).pluck(:name)
  Order.insert_all!((1..10).map { |n| { worker: NUMBER, count: n, good_id: n, created_at: Time.now, updated_at: Time.now } })
  upserted = Good.upsert_all([{ id: 1000 + NUMBER, name: "of #{NUMBER}", stock: NUMBER }], returning: %w[name stock]).rows
  included = Good.includes(:orders).where(orders: { worker: NUMBER }).order(:id).map { |good| [good.id, good.orders.map(&:count)] }
  touched = 10.times.map { |n| Order.of(NUMBER).where(count: n).update_all(['count = count + ?', 0]) }.sum
  exists = [Good.exists?(name: 'good 7'), Good.find_by(name: 'nothing'), Order.of(NUMBER).average(:count).to_s]
  [ApplicationRecord.connection.prepared_statements, found, some, upserted, included, touched, exists]
end

check :a_table_that_changes do
  connection = ApplicationRecord.connection
  connection.create_table("changing_#{NUMBER}") { |t| t.integer :a }
  model = Class.new(ApplicationRecord) { self.table_name = "changing_#{NUMBER}" }
  model.create!(a: 1)
  before = 3.times.map { model.find(1).attributes.keys }
  connection.add_column("changing_#{NUMBER}", :b, :text, default: 'new')
  after = model.find(1).attributes.keys
  within = model.transaction { model.find(1).a }
  connection.drop_table("changing_#{NUMBER}")
  [before.last, after, within]
end

check :transactions_and_savepoints do
  Thread.current[:committed] = []
  Order.transaction do
    Order.create!(worker: NUMBER, good_id: 20, count: 100)
    begin
      Order.transaction(requires_new: true) do
        Order.create!(worker: NUMBER, good_id: 20, count: 101)
        Good.create!(name: 'good 1', stock: 1)
      end
    rescue ActiveRecord::RecordNotUnique => e
      Order.create!(worker: NUMBER, good_id: 20, count: e.cause.result.error_field(PG::PG_DIAG_SQLSTATE).to_i)
    end
    Order.transaction(requires_new: true) { Order.create!(worker: NUMBER, good_id: 20, count: 103) }
    Order.transaction(requires_new: true) { raise ActiveRecord::Rollback if Order.create!(worker: NUMBER, good_id: 20, count: 104) }
  end
  begin
    Good.find(30).update!(stock: -1)
  rescue ActiveRecord::StatementInvalid => e
    refused = e.class.name
  end
  20.times { Good.find(40).with_lock { |_| Good.where(id: 40).update_all('stock = stock - 1') } }
  strict = Order.transaction(isolation: :serializable) { sql('SHOW transaction_isolation') }
  meet
  [Thread.current[:committed], refused, strict, sql('SHOW transaction_isolation'), Order.of(NUMBER).where(good_id: 20).order(:count).pluck(:count),
   Good.find(40).stock]
end

check :variables_of_database_yml do
  names = %w[statement_timeout lock_timeout work_mem client_min_messages intervalstyle timezone standard_conforming_strings]
  ApplicationRecord.clear_active_connections!
  seen = 20.times.map { names.map { |name| sql("SHOW #{name}") } }
  seen.uniq
end

check :settings_of_a_session do
  connection = ApplicationRecord.connection
  connection.schema_search_path = "shop_#{NUMBER}, public"
  connection.execute("SET SESSION statement_timeout = '#{30 + NUMBER}s'")
  connection.select_value("SELECT set_config('shop.worker', '#{NUMBER}', false)")
  ApplicationRecord.transaction do
    connection.execute("SET work_mem = '99MB'")
    connection.execute('SAVEPOINT a')
    connection.execute('SET enable_seqscan = off')
    connection.execute('ROLLBACK TO SAVEPOINT a')
    raise ActiveRecord::Rollback
  end
  names = %w[search_path statement_timeout shop.worker work_mem enable_seqscan]
  seen = 10.times.map { names.map { |name| sql("SHOW #{name}") } }
  # Forgets what was said, and says what database.yml has.
  connection.reset!
  # A setting of one's own that was reset is '' where it was set, and NULL in a session that never had it.
  [seen.uniq, names.map { |name| sql("SELECT COALESCE(current_setting('#{name}', true), '')") }]
end

check :a_replica do
  reading = ApplicationRecord.connected_to(role: :reading) { [Good.find(2).name, Good.connection.pool.db_config.name, Order.of(NUMBER).count] }
  begin
    ApplicationRecord.connected_to(role: :reading) { Good.find(2).update!(stock: 5) }
  rescue ActiveRecord::ReadOnlyError => e
    refused = e.class.name
  end
  [reading, refused, ApplicationRecord.connected_to(role: :reading) { sql('SHOW statement_timeout') }]
end

check :threads do
  threads = 4.times.map do |n|
    Thread.new do
      names = 20.times.map { |m| Good.find(1 + ((n + m) % 40)).name }
      ApplicationRecord.clear_active_connections!
      names.last
    end
  end
  threads.map(&:value)
end

check :jobs_under_session_advisory_locks do
  loop do
    more = Job.work do |job|
      job.update!(runs: job.runs + 1, done_by: NUMBER)
      job.update!(finished_at: Time.now)
    end
    break unless more
  end
  # Those that are under somebody's lock are not seen; they are done when all have met.
  meet
  [Job.where.not(finished_at: nil).count, Job.pluck(:runs).uniq]
end

check :a_nightly_task_that_must_not_run_twice do
  connection = ApplicationRecord.connection
  ran = 0
  while ran < 3
    next unless connection.get_advisory_lock(815)

    before = sql("SELECT count(*) FROM migrated WHERE version = 'task'")
    connection.execute("INSERT INTO migrated (version) VALUES ('task')")
    raise 'Somebody else had the lock as well' if sql("SELECT count(*) FROM migrated WHERE version = 'task'") != before + 1
    raise 'The lock was lost' unless connection.release_advisory_lock(815)

    ran += 1
  end
  meet
  sql("SELECT count(*) FROM migrated WHERE version = 'task'")
end

check :action_cable do
  heard = Queue.new
  ready = Queue.new
  cable = ActionCable.server.pubsub
  cable.subscribe('orders', ->(message) { heard << message }, -> { ready << true })
  ready.pop
  meet
  cable.broadcast('orders', "first of #{NUMBER}")
  ApplicationRecord.transaction do
    cable.broadcast('orders', 'never')
    raise ActiveRecord::Rollback
  end
  cable.broadcast('orders', "it's the second of #{NUMBER}")
  messages = (2 * COUNT).times.map { heard.pop }.sort
  meet
  cable.shutdown
  [messages, heard.size]
end

check :temporary_tables do
  connection = ApplicationRecord.connection
  connection.create_table(:basket, temporary: true) { |t| t.integer :count }
  basket = Class.new(ApplicationRecord) { self.table_name = 'basket' }
  10.times { basket.create!(count: NUMBER + 1) }
  sums = 10.times.map { basket.sum(:count) }
  connection.drop_table(:basket)
  [sums.uniq, sql("SELECT to_regclass('pg_temp.basket')")]
end

check :copy do
  raw = ApplicationRecord.connection.raw_connection
  ApplicationRecord.connection.create_table("copied_#{NUMBER}") { |t| t.text :name }
  raw.copy_data("COPY copied_#{NUMBER} (name) FROM STDIN") { 3000.times { |n| raw.put_copy_data("ä #{n}\n") } }
  rows = []
  raw.copy_data("COPY (SELECT name FROM copied_#{NUMBER} ORDER BY id) TO STDOUT") do
    while (row = raw.get_copy_data)
      rows << row.force_encoding('UTF-8').chomp
    end
  end
  ApplicationRecord.connection.drop_table("copied_#{NUMBER}")
  [rows.size, rows.last]
end

check :a_report_that_takes_too_long do
  Good.transaction do
    Good.connection.execute("SET LOCAL statement_timeout = '100ms'")
    sql('SELECT pg_sleep(60)')
  end
rescue ActiveRecord::QueryCanceled => e
  [e.class.name, Good.find(1).name, sql('SHOW statement_timeout')]
end

check :a_connection_that_is_lost do
  begin
    sql('SELECT pg_terminate_backend(pg_backend_pid())')
  rescue ActiveRecord::StatementInvalid => e
    told = e.class.name
  end
  # What the Rails executor does behind each request, and the pool before each next one.
  ApplicationRecord.clear_active_connections!
  [told, Good.find(1).name, sql('SHOW statement_timeout')]
end

Worker.run
