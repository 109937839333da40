internal import Cluster
internal import Compute
internal import Foundation
internal import Models

/// The trees of a forest that is not at its end, beside the model that it will be: a folder NAME.parts, with the settings and the parts.
struct UnfinishedForest {
  let path: String
  let parts: PartFolder

  private static let ending = ".parts"
  private static let recordName = "settings.json"

  /// The settings' file: the record, and SHA-256 over it.
  private struct SealedRecord: Codable {
    let digest: String
    let forest: Record

    init(_ forest: Record) throws { (self.forest, digest) = (forest, try forest.digest) }
  }

  /// What the parts belong to.
  private struct Record: Codable, Equatable {
    let settings: [String: String]
    let dataDigest: String
    /// Trees of another arithmetic do not belong into one forest.
    let numerics: UInt32
    /// Where the data set is; nil where an older version has made the record.
    let data: String?
    /// Of the data set, by label.
    let classNames: [String]
    /// The model's file.
    let output: String

    /// All that the trees follow from.
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

  /// Makes the folder, or goes on with what is there.
  /// - Throws: ``FileError``; also if there is a folder of another forest
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
            "\(path) holds trees of another forest; remove it, go on with it by --resume, or choose another --output")
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
      throw .unreadable(path: path, reason: "no unfinished forest is there")
    }
    guard let sealed = try? JSONDecoder().decode(SealedRecord.self, from: data) else {
      throw .damaged(path: file, reason: "it does not hold the settings of a forest; \(advice(path))")
    }
    let record = sealed.forest
    guard let digest = try? record.digest, digest == sealed.digest else {
      throw .damaged(
        path: file, reason: "its settings are not those that were saved (their digest differs); \(advice(path))")
    }
    guard record.numerics == numericsVersion else {
      throw .damaged(path: path, reason: NetworkCheckpoint.otherNumerics("\(record.numerics)"))
    }
    return record
  }

  private static func advice(_ path: String) -> String {
    "restore the file from a copy, or remove \(path) and train the forest again"
  }

  /// What a run that was stopped would have made.
  /// - Parameter run: a folder of parts, or the folder of the run
  static func resume(_ run: String) throws -> (settings: ForestSettings, output: String, dataDigest: String) {
    let path = folder(ofRun: run)
    let model = String(path.dropLast(ending.count)) + ".safetensors"
    if access(path, F_OK) != 0, access(run, F_OK) == 0 {
      throw FileError.unreadable(
        path: path, reason: ResumableRun.reasonForMissing(model: model, saved: "with the first trees"))
    }
    let record = try record(path)
    return (try ForestSettings(record.settings), model, record.dataDigest)
  }

  /// Whether a file, folder of parts or run's folder is that of a forest.
  static func exists(_ run: String) -> Bool { access(folder(ofRun: run) + "/" + recordName, F_OK) == 0 }

  /// Where the data set of a run that was stopped is, and the names of its classes.
  static func data(of run: String) throws(FileError) -> (location: String?, classNames: [String]) {
    let record = try record(folder(ofRun: run))
    return (record.data, record.classNames)
  }

  private static func folder(ofRun run: String) -> String {
    run.hasSuffix(ending) ? run : "\(run)/\(ModelKind.forest.rawValue)\(ending)"
  }

  private var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }

  var hasTrees: Bool { files.contains { $0.hasSuffix(".part") } }

  /// The forest is whole, and its trees are in the model's file.
  static func remove(of model: String) { try? FileManager.default.removeItem(atPath: folder(of: model)) }

  /// Trees go on under the name of another model.
  /// - Throws: ``FileError/notCreated(path:reason:)``, also if an unfinished forest of that name is there
  static func move(from model: String, to other: String) throws(FileError) {
    guard folder(of: model) != folder(of: other), OutputPlace(other).isFile else { return }
    guard rename(folder(of: model), folder(of: other)) == 0 else {
      throw .notCreated(path: folder(of: other), reason: String(cString: strerror(errno)))
    }
  }

  func removeIfEmpty() { if !hasTrees { parts.remove() } }
}
