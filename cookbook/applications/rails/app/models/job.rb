# A queue in the manner of GoodJob: whoever has a session advisory lock on a job does it, on the same connection, and then lets go.
class Job < ApplicationRecord
  KEY = "('x' || substr(md5('jobs-' || id::text), 1, 16))::bit(64)::bigint".freeze

  def self.next
    find_by_sql(<<~SQL).first
      SELECT * FROM jobs WHERE id IN (
        WITH waiting AS MATERIALIZED (SELECT id, #{KEY} AS key FROM jobs WHERE finished_at IS NULL ORDER BY id LIMIT 20)
        SELECT id FROM waiting WHERE pg_try_advisory_lock(key) LIMIT 1)
    SQL
  end

  # Yields a job that nobody else has; gives false when there is none.
  def self.work
    job = self.next
    return false if job.nil?

    begin
      # It may have been done between the look and the lock.
      yield job if job.reload.finished_at.nil?
    ensure
      job.unlock
    end
    true
  end

  def unlock
    held = self.class.connection.select_value("SELECT pg_advisory_unlock(#{KEY}) FROM jobs WHERE id = #{id}")
    raise "The lock of job #{id} was lost" unless held
  end
end
