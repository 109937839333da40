package import Models
internal import OrderedCollections

/// Groups the configurations that one fit answers, as each family of models defines: a forest, for instance, is a
/// prefix of the largest one, cut to its depth.
package struct FitPlan: Sendable {
  package struct Task: Sendable {
    package let group: FitGroup
    /// The position of each member of the group in the planned list.
    package let configurations: [Int]
    /// An estimate of the time, relative to other tasks of the same kind of model.
    package let cost: Double
    /// The settings that all members share.
    let common: [Configuration.Parameter]
  }

  /// The tasks, the most expensive first, so that no long task starts last.
  package let tasks: [Task]

  /// - Parameters:
  ///   - settings: the configurations to fit
  ///   - images: the most images to divide; nil: all
  ///   - costs: the estimates of task times
  ///   - isMissing: returns whether the configuration at this position is to be fitted on this split
  package init(
    _ settings: [ModelSettings], splits: Int, images: Int? = nil, costs: FitCosts = FitCosts(),
    isMissing: (_ index: Int, _ split: Int) -> Bool = { _, _ in true }
  ) {
    let groups = OrderedDictionary(grouping: settings.indices) { Self.key(settings[$0]) }
    var tasks: [Task] = []
    for indices in groups.values {
      for split in 0..<splits {
        let missing = indices.filter { isMissing($0, split) }
        if let last = tasks.last, last.configurations == missing {
          tasks.append(Task(last, split: split))
        } else if !missing.isEmpty {
          tasks.append(Task(missing.map { settings[$0] }, at: missing, split: split, images: images))
        }
      }
    }
    let seconds = tasks.map(costs.seconds)
    self.tasks = Self.order(Array(tasks.indices), of: tasks, seconds: seconds).map { tasks[$0] }
  }

  /// Orders some of the tasks, the most expensive first. Equally expensive ones are ordered by split, so that a worker
  /// can reuse its images.
  /// - Parameter seconds: of each task
  package static func order(_ indices: [Int], of tasks: [Task], seconds: [Double]) -> [Int] {
    indices.sorted {
      (seconds[$1], tasks[$0].group.split, $0) < (seconds[$0], tasks[$1].group.split, $1)
    }
  }

  /// Returns a key that is equal for settings that one fit answers.
  private static func key(_ settings: ModelSettings) -> String {
    let shared = settings.kind.family.sharingKey(of: settings)
    return settings.kind.rawValue + shared.sorted { $0.key < $1.key }.map { " \($0.key) \($0.value)" }.joined()
  }
}

extension FitPlan.Task {
  fileprivate init(_ members: [ModelSettings], at configurations: [Int], split: Int, images: Int?) {
    let texts = members.map(\.text)
    let common = texts[0].filter { name, value in texts.allSatisfy { $0[name] == value } }
    self.init(
      group: FitGroup(split: split, kind: members[0].kind, members: texts, images: images),
      configurations: configurations, cost: members.map { $0.kind.family.cost(of: $0) }.max() ?? 0,
      common: common.map { Configuration.Parameter($0.key, $0.value) }.sorted { $0.name < $1.name })
  }

  /// Returns the task with each position in the planned list replaced by the number at that position of `numbers`.
  func numbering(_ numbers: [Int]) -> Self {
    Self(group: group, configurations: configurations.map { numbers[$0] }, cost: cost, common: common)
  }

  /// One task for each configuration.
  var parts: [Self] {
    zip(configurations, group.members).map { configuration, member in
      Self(
        group: FitGroup(split: group.split, kind: group.kind, members: [member], images: group.images),
        configurations: [configuration], cost: cost,
        common: member.map { Configuration.Parameter($0.key, $0.value) }.sorted { $0.name < $1.name })
    }
  }

  /// Copies a task to another split.
  fileprivate init(_ task: Self, split: Int) {
    let group = FitGroup(split: split, kind: task.group.kind, members: task.group.members, images: task.group.images)
    self.init(group: group, configurations: task.configurations, cost: task.cost, common: task.common)
  }
}
