internal import Cluster
internal import Compute
internal import Foundation
internal import Models

/// The completed trees of an unfinished forest: a folder NAME.parts beside the model's file, with settings and parts.
struct UnfinishedForest {
  let path: String
  let parts: PartFolder

  private static let ending = ".parts"
  private static let recordName = "settings.json"

  /// The content of the settings file: the record, and SHA-256 over it.
  private struct SealedRecord: Codable {
    let digest: String
    let forest: Record

    init(_ forest: Record) throws { (self.forest, digest) = (forest, try forest.digest) }
  }

  /// The forest that the parts belong to.
  private struct Record: Codable, Equatable {
    let settings: [String: String]
    let dataDigest: String
    /// The version of the arithmetic: trees of different versions must not be combined.
    let numerics: UInt32
    /// The location of the data set; nil in records of older versions.
    let data: String?
    /// The class names of the data set, by label.
    let classNames: [String]
    /// The path of the model's file.
    let output: String

    /// Everything that determines the trees.
    var owner: String {
      settings.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined() + "\(dataDigest) \(numerics)"
    }

    var digest: String {
      get throws {
        var digest = Digest()
        digest.update(try JSONOptions.encode(self))
        return digest.finalize()
      }
    }
  }

  /// Creates the folder, or opens an existing one.
  /// - Throws: ``FileError``, also if the folder belongs to another forest
  init(of model: String, settings: ForestSettings, dataDigest: String, data: String, classNames: [String]) throws {
    path = Self.folder(of: model)
    let record = Record(
      settings: settings.text, dataDigest: dataDigest, numerics: numericsVersion, data: data,
      classNames: classNames, output: model)
    parts = try PartFolder(path: path, owner: record.owner)
    let recordPath = "\(path)/\(Self.recordName)"
    if FileManager.default.fileExists(atPath: recordPath) {
      let known = try Self.record(path)
      guard known.settings == record.settings, known.dataDigest == record.dataDigest else {
        throw FileError.notCreated(
          path: model,
          reason:
            "\(path) holds trees of another forest; resume that with --resume, remove it, or choose another --output")
      }
    } else {
      try FileReplacement.write([Array(try JSONOptions.encode(SealedRecord(record)).utf8)], to: recordPath)
    }
  }

  private static func folder(of model: String) -> String {
    (model.hasSuffix(".safetensors") ? String(model.dropLast(12)) : model) + ending
  }

  private static func record(_ path: String) throws(FileError) -> Record {
    let file = "\(path)/\(recordName)"
    guard let data = FileManager.default.contents(atPath: file) else {
      throw .unreadable(path: path, reason: "there is no unfinished forest")
    }
    guard let sealed = try? JSONDecoder().decode(SealedRecord.self, from: data) else {
      throw .damaged(path: file, reason: "it does not contain the settings of a forest; \(advice(path))")
    }
    let record = sealed.forest
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
    "restore the file from a copy, or remove \(path) and train the forest again"
  }

  /// Returns the settings, output and data of an interrupted training.
  /// - Parameter run: a folder of parts, or the folder of the run
  static func resume(_ run: String) throws -> (settings: ForestSettings, output: String, dataDigest: String) {
    let path = folder(ofRun: run)
    let model = String(path.dropLast(ending.count)) + ".safetensors"
    if access(path, F_OK) != 0, access(run, F_OK) == 0 {
      throw FileError.unreadable(
        path: path, reason: ResumableRun.reasonForMissing(model: model, saved: "trees are saved as they are completed"))
    }
    let record = try record(path)
    return (try ForestSettings(complete: record.settings), model, record.dataDigest)
  }

  /// Returns whether a folder of parts, or the folder of a run, contains an unfinished forest.
  static func exists(_ run: String) -> Bool { access(folder(ofRun: run) + "/" + recordName, F_OK) == 0 }

  /// Returns the location and class names of the data set of an interrupted training.
  static func data(of run: String) throws(FileError) -> (location: String?, classNames: [String]) {
    let record = try record(folder(ofRun: run))
    return (record.data, record.classNames)
  }

  private static func folder(ofRun run: String) -> String {
    run.hasSuffix(ending) ? run : "\(run)/\(ModelKind.forest.rawValue)\(ending)"
  }

  private var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }

  var hasTrees: Bool { files.contains { $0.hasSuffix(".part") } }

  /// Removes the folder, after the model was saved.
  static func remove(of model: String) { try? FileManager.default.removeItem(atPath: folder(of: model)) }

  /// Moves the trees, so that they continue as another model.
  /// - Throws: ``FileError/notCreated(path:reason:)``, also if an unfinished forest of that name exists
  static func move(from model: String, to other: String) throws(FileError) {
    guard folder(of: model) != folder(of: other), OutputPlace(other).isFile else { return }
    guard rename(folder(of: model), folder(of: other)) == 0 else {
      throw .notCreated(path: folder(of: other), reason: String(cString: strerror(errno)))
    }
  }

  func removeIfEmpty() { if !hasTrees { parts.remove() } }
}
