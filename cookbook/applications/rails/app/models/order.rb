class Order < ApplicationRecord
  belongs_to :good

  scope :of, ->(worker) { where(worker: worker) }
  after_commit { (Thread.current[:committed] ||= []) << count }
end
