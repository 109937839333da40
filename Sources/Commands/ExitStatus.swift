internal import Benchmarks
internal import Cluster
internal import Compute
internal import Dashboard
internal import Datasets
internal import Evaluation
internal import Files
internal import Foundation
internal import Launching
internal import Models
internal import Pipeline
internal import Runs
internal import Selection
internal import Transport

/// The exit statuses: those of sysexits.h, and 128 + n after signal n, as shells report it.
enum ExitStatus {
  static let usage = EX_USAGE
  static let badData = EX_DATAERR
  static let noInput = EX_NOINPUT
  static let unavailable = EX_UNAVAILABLE
  static let software = EX_SOFTWARE
  static let cannotCreate = EX_CANTCREAT
  static let inputOutput = EX_IOERR
  static let notAllowed = EX_NOPERM
  static let temporary = EX_TEMPFAIL
  static let wrongShape = EX_CONFIG

  /// The list of exit statuses in `atelier --help`.
  static let documentation = """
    Exit status: 0 success; 64 invalid options or settings; 65 a data set, image, model or join token is damaged; 66 \
    an input does not exist; 69 a coordinator, worker, port or browser is unavailable, or tasks were quarantined (a \
    ranking is then incomplete); 70 a bug in Atelier, or a worker that computes wrongly; 73 the output cannot be \
    created; 74 reading or writing failed, for example on a full disk; 75 another process is using the run; 76 the \
    coordinator refuses this worker; 77 requires root; 78 the images have another shape than those that the model \
    was trained on, and the model, of an older version, has no rule to convert them; 129 stopped by SIGHUP, 130 by \
    Ctrl-C, 143 by SIGTERM.
    """

  /// Returns the exit status for an error; nil for errors that Atelier does not define.
  static func of(_ error: any Error) -> Int32? {
    switch error {
    case is CancellationError: return 128 + (Interruption.signal ?? SIGINT)
    case ModelError.badSettings, ModelError.insufficientMemory, is InstructionSetError, is AugmentationError,
      is SweepError, is LabelingCostsError:
      return usage
    case let error as RunError:
      switch error.kind {
      case .unusable: return inputOutput
      case .missing: return noInput
      case .wrongUse: return usage
      case .damaged: return badData
      case .busy: return temporary
      case .notCreated: return cannotCreate
      }
    case ModelError.badModel, ModelError.notExportable, is EvaluationError: return badData
    case ModelError.wrongShape: return wrongShape
    case let error as DatasetError:
      switch error {
      case .missing: return noInput
      case .damaged, .inconsistent: return badData
      case .wrongShape: return wrongShape
      }
    case let error as FileError:
      switch error {
      case .unreadable: return noInput
      case .damaged: return badData
      case .notCreated: return cannotCreate
      case .notWritten: return inputOutput
      }
    case let error as BenchmarkError:
      switch error {
      case .digestsDiffer, .configurationsMissing: return software
      case .notAllowed: return notAllowed
      case .unavailable: return unavailable
      }
    case let error as TransportError:
      switch error.kind {
      case .unavailable: return unavailable
      case .badAddress: return usage
      case .notCreated: return cannotCreate
      case .badToken: return badData
      }
    case let error as LaunchError:
      switch error.kind {
      case .unavailable: return unavailable
      case .wrongUse: return usage
      }
    case is DashboardError, is PrintError, is ResourceLimitError: return unavailable
    case is WorkerRefused, is JoinRefusal: return EX_PROTOCOL
    case ClusterError.faulty: return software
    case ClusterError.quarantined, is IncompleteSweep: return unavailable
    default: return nil
    }
  }
}
