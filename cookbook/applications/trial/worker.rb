# What the Ruby applications share: named checks, reported a line each, and meetings of all processes of a trial.

require 'json'

module Worker
  NUMBER = Integer(ENV.fetch('WORKER'))
  COUNT = Integer(ENV.fetch('WORKERS'))
  CHECKS = {}

  class << self
    attr_accessor :current

    # Runs the checks that the trial names, in its order, and stays with its connections until the others have run theirs.
    def run
      ENV.fetch('CHECKS').split.each { |name| run_one(name) }
      self.current = 'end'
      meet
    end

    # Waits until every process is here, or has failed in this check.
    def meet
      say(meet: current)
      exit!(1) unless $stdin.gets
    end

    private

    def run_one(name)
      self.current = name
      say(check: name, value: CHECKS.fetch(name).call)
    rescue StandardError => e
      say(check: name, failure: e.full_message(highlight: false, order: :top))
    end

    def say(what)
      $stdout.puts(JSON.generate(what))
      $stdout.flush
    end
  end

  # What the block gives, or how it failed, is reported under its name.
  def check(name, &block)
    CHECKS[name.to_s] = block
  end

  def meet
    Worker.meet
  end
end
