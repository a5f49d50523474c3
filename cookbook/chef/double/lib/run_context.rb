# One run: the resources in their order, whom they notify, and what is said about it.

class Chef
  # What a run says. A change is counted for the resource that made it.
  class Report
    attr_reader :updated, :seen

    def initialize(out)
      @out = out
      @depth = 0
      @updated = 0
      @seen = 0
    end

    def resource(resource, action)
      @out.puts "#{indent}* #{resource} action #{action}"
      @depth += 1
      yield
    ensure
      @depth -= 1
    end

    def left_out(guard)
      @out.puts "#{indent}(skipped due to #{guard})"
    end

    def count(updated)
      @seen += 1
      @updated += 1 if updated
      @out.puts "#{indent}(up to date)" unless updated
    end

    def change(line, would)
      @out.puts "#{indent}#{would ? 'would ' : '- '}#{line}"
    end

    def log(level, message)
      message.to_s.each_line { |line| @out.puts "#{indent}#{level}: #{line}" }
    end

    def finish(would)
      @out.puts "#{updated}/#{seen} resources #{would ? 'would have been ' : ''}updated"
    end

    private

    def indent
      '  ' * @depth
    end
  end

  class RunContext
    attr_reader :node, :report, :resources, :parent, :cookbooks

    def initialize(node, report, cookbooks = {}, parent: nil, unified: false)
      @node = node
      @report = report
      @cookbooks = cookbooks
      @parent = parent
      @unified = unified
      @resources = []
      @waiting = []
      @delayed = []
    end

    def child(unified:)
      self.class.new(node, report, cookbooks, parent: self, unified: unified)
    end

    def add(resource)
      resources << resource
      @unified ? run_actions(resource) : @waiting << resource
    end

    def converge
      run_actions(@waiting.shift) until @waiting.empty?
    rescue StandardError => e
      # As in Chef, what was notified before the failure still comes.
      run_delayed unless parent
      raise e
    else
      run_delayed unless parent
    end

    def run_actions(resource)
      resource.action.each { |action| run_action(resource, action) }
    end

    def run_action(resource, action)
      return if action == :nothing

      report.resource(resource, action) do
        guard = resource.left_out
        if guard then report.left_out(guard)
        else
          # What an earlier action changed is not this one's doing.
          before = resource.updated
          resource.updated = false
          perform(resource, action)
          changed = resource.updated
          report.count(changed)
          resource.updated = before || changed
          notify(resource) if changed
        end
      end
    end

    # Specs stub what they want here.
    def prepare_current(resource); end

    def perform(resource, action)
      resource.class.action_helpers.new(resource, self).run(action)
    rescue StandardError
      report.log('FAILED', resource.to_text)
      raise
    end

    def find(reference)
      found = resources.reverse.find { |resource| resource.to_s == reference }
      return found if found
      raise Exceptions::ResourceNotFound, "#{reference} is notified, and there is no such resource" unless parent

      parent.find(reference)
    end

    def root
      parent ? parent.root : self
    end

    # Each once, however often it was asked for.
    def delay(resource, action)
      @delayed << [resource, action] unless @delayed.any? { |each, how| each.equal?(resource) && how == action }
    end

    private

    def notify(resource)
      resource.notifications.each do |action, reference, timing|
        target = find(reference)
        timing == :immediately ? run_action(target, action) : root.delay(target, action)
      end
    end

    def run_delayed
      until @delayed.empty?
        resource, action = @delayed.shift
        run_action(resource, action)
      end
    end
  end
end
