internal import ArgumentParser
internal import Foundation
internal import Models
internal import Pipeline
internal import Runs
internal import Selection
internal import Text

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "Lists, shows, compares and removes runs.",
    discussion: """
      Runs are recorded in runs/\(RunRecord.fileName), which can be read while runs are active, and without write \
      permission. A run is given by its name, the beginning of its name, or latest. A run whose record was changed \
      outside of Atelier is listed as damaged, and can only be removed.

      Example:  atelier runs show latest
      """,
    subcommands: [List.self, Show.self, Compare.self, Remove.self], defaultSubcommand: List.self)

  /// A run and its models.
  fileprivate struct Entry: Encodable {
    let run: Run
    let models: [RunModel]

    init(_ run: Run, in record: RunRecord) throws(RunError) {
      (self.run, models) = (run, try record.models(of: run.name))
    }

    /// An entry of a list, in which one damaged run does not hide the others.
    init(listing run: Run, in record: RunRecord) throws(RunError) {
      do throws(RunError) { self = try Entry(run, in: record) } catch  where error.kind == .damaged {
        var damaged = run
        if run.state != .damaged { (damaged.state, damaged.reason) = (.damaged, error.description) }
        (self.run, models) = (damaged, [])
      }
    }

    /// The entry as a table.
    var text: String {
      var table = TextTable([.left, .left])
      table.add(["run", run.name.printable])
      table.add(["kind", run.kind.printable])
      table.add(["state", run.state.rawValue + (run.reason.map { ": \($0.printable)" } ?? "")])
      table.add(["started", run.started.formatted(.iso8601)])
      if let ended = run.ended { table.add(["ended", ended.formatted(.iso8601)]) }
      table.add(["data", "\(run.data.printable) \(run.dataDigest.printable)"])
      if let sweep = SweepDefinition(recorded: run.definition) {
        table.add(["search", sweep.model.rawValue])
        for row in sweep.rows { table.add(["  \(row.key.printable)", row.value.printable]) }
      } else {
        table.add(["definition", run.definition.printable])
      }
      for model in models {
        table.add(["model", model.path.printable])
        table.add(["  accuracy", formatted(model.accuracy, digits: 4)])
        table.add(["  digest", model.digest.printable])
        table.add([
          "  settings",
          model.settings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ").printable,
        ])
      }
      return table.text
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists runs, newest first.", discussion: "Example:  atelier runs list --json -")
    @OptionGroup var json: JSONOptions

    func run() throws {
      try json.check()
      let record = try RunFolders.standard.record()
      let entries = try record.runs().map { run throws(RunError) in try Entry(listing: run, in: record) }
      var table = TextTable(
        [.left, .left, .left, .left, .right, .left], header: ["run", "kind", "state", "data", "best", "model"])
      for entry in entries {
        let best = entry.models.max { $0.accuracy < $1.accuracy }
        table.add([
          entry.run.name.printable, entry.run.kind.printable, entry.run.state.rawValue, entry.run.data.printable,
          best.map { formatted($0.accuracy, digits: 4) } ?? "", best?.kind.printable ?? "",
        ])
      }
      try json.write(entries, text: table.text)
      if let damaged = entries.first(where: { $0.run.state == .damaged })?.run {
        throw RunError(damaged.reason ?? "the record of run \(damaged.name) is damaged", kind: .damaged)
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows the record of a run.", discussion: "Example:  atelier runs show latest")
    @Argument(help: "Name of the run, the beginning of the name, or latest.") var name: String
    @OptionGroup var json: JSONOptions

    func run() throws {
      try json.check()
      let record = try RunFolders.standard.record()
      let entry = try Entry(RunFolders.standard.find(name, in: record), in: record)
      try json.write(entry, text: entry.text)
    }
  }

  struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compares the models of runs: different parameters, accuracy, digest.",
      discussion: "Example:  atelier runs compare latest 2026-01-31-120000")
    @Argument(help: "Names of runs, beginnings of names, or latest.") var runs: [String]
    @OptionGroup var json: JSONOptions

    func run() throws {
      try json.check()
      let record = try RunFolders.standard.record()
      let entries = try runs.map { word throws(RunError) in
        try Entry(RunFolders.standard.find(word, in: record), in: record)
      }
      let models = entries.flatMap { entry in entry.models.map { (entry.run.name, $0) } }
      let names = Set(models.flatMap(\.1.settings.keys)).filter { name in
        Set(models.map { $0.1.settings[name] }).count > 1
      }.sorted()
      var table = TextTable([.left] + models.map { _ in .left }, header: [""] + models.map(\.0.printable))
      table.add(["kind"] + models.map(\.1.kind.printable))
      for name in names { table.add([name.printable] + models.map { ($0.1.settings[name] ?? "").printable }) }
      table.add(["accuracy"] + models.map { formatted($0.1.accuracy, digits: 4) })
      table.add(["digest"] + models.map { String($0.1.digest.prefix(16)).printable })
      try json.write(entries, text: table.text)
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Removes runs, with their records and folders.",
      discussion: "Example:  atelier runs remove 2026-01-31-120000")
    @Argument(help: "Names of runs, beginnings of names, or latest.") var runs: [String]

    func run() throws {
      let record = try RunFolders.standard.record(for: .writing)
      let found = try runs.map { word throws(RunError) in try RunFolders.standard.findAny(word, in: record) }
      if let alive = found.first(where: { $0.state == .running }) {
        throw RunError(
          "run \(alive.name) is still running, as process \(alive.process.prefix { $0 != " " }); stop it first",
          kind: .busy)
      }
      for run in found {
        try remove(run.name, from: record)
        try StandardOutput.write("removed \(run.name.printable)")
      }
    }

    private func remove(_ name: String, from record: RunRecord) throws {
      let path = RunFolders.standard.path(name)
      var status = stat()
      // A name that is a path was not given by Atelier. Of a link, the link itself is removed, not its target.
      guard Run.isName(name), lstat(path, &status) == 0 else {
        try record.remove(name)
        return
      }
      func removeAll() throws(RunError) {
        try? FileManager.default.removeItem(atPath: path)
        try record.remove(name)
      }
      guard status.st_mode & S_IFMT == S_IFDIR else { return try removeAll() }
      // A lock that is not a regular file was not made by Atelier, and must not prevent the removal.
      if lstat("\(path)/lock", &status) == 0, status.st_mode & S_IFMT != S_IFREG { unlink("\(path)/lock") }
      try RunLock.with("\(path)/lock") { try removeAll() }
    }
  }
}
