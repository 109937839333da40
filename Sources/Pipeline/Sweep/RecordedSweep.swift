internal import Foundation
package import Models
package import Runs
package import Selection

/// A sweep in the record that can be resumed.
package struct RecordedSweep {
  package let run: Run
  package let definition: SweepDefinition
  /// The command that runs the remaining sweeps of its file, unless they have been started.
  package let rest: String?
  /// The class names of its data, by label.
  package let classNames: [String]?

  /// - Parameters:
  ///   - word: the run's name, its folder, the beginning of its name, or `latest`
  ///   - model: the model that the sweep must have searched; nil for any
  /// - Throws: ``RunError`` if there is no such run, or it is still running; ``SweepError`` if it is no such sweep
  package init(_ word: String, of model: ModelKind?, in folders: RunFolders = .standard) throws {
    let record = try folders.record()
    let run = try folders.find(word, in: record) { $0.kind == "sweep" }
    guard run.kind == "sweep", let definition = SweepDefinition(recorded: run.definition) else {
      throw SweepError("run \(run.name) is not a sweep, or was recorded by another version of Atelier")
    }
    // The record may come from an untrusted source.
    do { try definition.check() } catch {
      throw RunError("the record of run \(run.name) holds an invalid sweep: \(error)", kind: .damaged)
    }
    guard model == nil || model == definition.model else {
      throw SweepError(
        "run \(run.name) searched \(definition.model.rawValue); resume it with: atelier sweep --resume \(run.name)")
    }
    guard run.state != .running else {
      // Taking the lock fails with an error that names the other process.
      try folders.withLock(on: run.name) {}
      throw RunError("run \(run.name) is still running in another process", kind: .busy)
    }
    // A run ends before the next one of its file begins; the process may have been killed in between.
    let isLast = try run.state != .finished || record.runs().first?.name == run.name
    (self.run, self.definition) = (run, definition)
    rest = isLast ? try record.document(String.self, as: RunFolders.restTitle, of: run.name) : nil
    classNames = try record.document([String].self, as: RunFolders.classesTitle, of: run.name)
  }

  /// Returns whether this sweep began with a definition, whose strategy then got the defaults for the data.
  package func began(with other: SweepDefinition) -> Bool {
    var other = other
    (other.strategy, other.data) = (definition.strategy, definition.data)
    return other == definition
  }

  /// Calls `body` while this process holds the lock of the run, whose folder is made if it was removed.
  /// - Throws: ``RunError``; errors of `body`
  package func withFolder<Result>(in folders: RunFolders = .standard, _ body: () throws -> Result) throws -> Result {
    try folders.checkFolder(run.name)
    try FileManager.default.createDirectory(atPath: folders.path(run.name), withIntermediateDirectories: true)
    return try folders.withLock(on: run.name, body)
  }
}
