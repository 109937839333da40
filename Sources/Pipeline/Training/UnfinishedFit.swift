internal import Cluster
internal import Compute
package import Datasets
package import Files
internal import Foundation
package import Models
internal import Text

/// The completed parts of an unfinished fit, such as the trees of a forest: a folder NAME.parts beside the file of the
/// model, with settings and parts.
package struct UnfinishedFit {
  let path: String
  let parts: PartFolder

  private static let ending = ".parts"
  private static let recordName = "settings.json"

  /// The content of the settings file: the record, and SHA-256 over it.
  private struct SealedRecord: Codable {
    let digest: String
    let fit: Record

    init(_ fit: Record) throws { (self.fit, digest) = (fit, try fit.digest) }
  }

  /// The fit that the parts belong to.
  private struct Record: Codable, Equatable {
    let kind: ModelKind
    let settings: [String: String]
    let dataDigest: String
    /// The version of the arithmetic: parts of different versions must not be combined.
    let numerics: UInt32
    /// The place of the data set, and how it is read.
    let data: DatasetSource
    /// The class names of the data set, by label.
    let classNames: [String]

    /// Everything that determines the parts.
    var owner: String {
      kind.rawValue + "\n" + settings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined()
        + "\(dataDigest) \(numerics)"
    }

    var digest: String {
      get throws {
        var digest = Digest()
        digest.update(try ReadableJSON.text(of: self))
        return digest.finalize()
      }
    }
  }

  /// Creates the folder, or opens an existing one.
  /// - Throws: ``FileError``, also if the folder belongs to another fit
  init(of model: String, settings: ModelSettings, dataDigest: String, data: DatasetSource, classNames: [String]) throws
  {
    path = Self.folder(of: model)
    let record = Record(
      kind: settings.kind, settings: settings.text, dataDigest: dataDigest, numerics: numericsVersion, data: data,
      classNames: classNames)
    parts = try PartFolder(path: path, owner: record.owner)
    let recordPath = "\(path)/\(Self.recordName)"
    if FileManager.default.fileExists(atPath: recordPath) {
      let known = try Self.record(path)
      guard (known.kind, known.settings, known.dataDigest) == (record.kind, record.settings, record.dataDigest) else {
        throw FileError.notCreated(
          path: model,
          reason: """
            \(path) contains parts of another model; resume its training with --resume, remove the folder, or choose \
            another --output
            """)
      }
    } else {
      try FileReplacement.write([Array(try ReadableJSON.text(of: SealedRecord(record)).utf8)], to: recordPath)
    }
  }

  private static func folder(of model: String) -> String {
    ModelFileName.stem(of: model) + ending
  }

  private static func record(_ path: String) throws(FileError) -> Record {
    let file = "\(path)/\(recordName)"
    guard let data = FileManager.default.contents(atPath: file) else {
      if access(path, F_OK) == 0 { throw .damaged(path: file, reason: "it is missing; \(advice(path))") }
      throw .unreadable(path: path, reason: "there is no unfinished training")
    }
    guard let sealed = try? JSONDecoder().decode(SealedRecord.self, from: data) else {
      throw .damaged(path: file, reason: "it does not contain the settings of a training; \(advice(path))")
    }
    let record = sealed.fit
    guard let digest = try? record.digest, digest == sealed.digest else {
      throw .damaged(
        path: file, reason: "its settings were changed (their digest differs); \(advice(path))")
    }
    guard record.numerics == numericsVersion else {
      throw .damaged(path: path, reason: NetworkCheckpoint.otherNumerics("\(record.numerics)"))
    }
    return record
  }

  private static func advice(_ path: String) -> String {
    "restore the file from a copy, or remove \(path) and train the model again"
  }

  /// What an interrupted training continues with.
  package struct Resumption {
    package let settings: ModelSettings
    /// The path of the model's file.
    package let output: String
    package let dataDigest: String
    /// The place of the data set, and how it is read.
    package let data: DatasetSource
    package let classNames: [String]
  }

  /// - Parameter run: a folder of parts, or the folder of the run
  package static func resumption(ofRun run: String, _ kind: ModelKind) throws -> Resumption {
    let path = folder(ofRun: run, kind)
    let model = String(path.dropLast(ending.count)) + ModelFileName.ending
    if access(path, F_OK) != 0, access(run, F_OK) == 0 {
      throw FileError.unreadable(
        path: path,
        reason: ResumableRun.reasonForMissing(model: model, saved: "parts are saved as they are completed"))
    }
    let record = try record(path)
    return Resumption(
      settings: try ModelSettings(record.kind, complete: record.settings), output: model,
      dataDigest: record.dataDigest, data: record.data, classNames: record.classNames)
  }

  /// Returns whether a folder of parts, or the folder of a run, contains an unfinished fit.
  static func exists(_ run: String) -> Bool {
    ModelKind.allCases.contains { access(folder(ofRun: run, $0), F_OK) == 0 }
  }

  /// The family of the model of a folder of parts, or of the folder of a run; nil if there is none, or its settings
  /// cannot be read.
  static func kind(ofRun run: String) -> ModelKind? {
    ModelKind.allCases.lazy.compactMap { try? record(folder(ofRun: run, $0)).kind }.first
  }

  private static func folder(ofRun run: String, _ kind: ModelKind) -> String {
    run.hasSuffix(ending) ? run : "\(run)/\(kind.rawValue)\(ending)"
  }

  private var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }

  var hasParts: Bool { files.contains { $0.hasSuffix(".part") } }

  /// Removes the parts and their settings, after the model was saved, and the folder unless it contains other files.
  static func remove(of model: String) { remove(folder(of: model)) }

  private static func remove(_ path: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    where name.hasSuffix(".part") || name == recordName { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  /// Moves the parts, so that they continue as another model.
  /// - Throws: ``FileError/notCreated(path:reason:)``, also if an unfinished fit of that name exists
  package static func move(from model: String, to other: String) throws(FileError) {
    guard folder(of: model) != folder(of: other), OutputPlace(other).isFile else { return }
    guard rename(folder(of: model), folder(of: other)) == 0 else {
      throw .notCreated(path: folder(of: other), reason: systemErrorText())
    }
  }

  func removeIfEmpty() { if !hasParts { Self.remove(path) } }
}
