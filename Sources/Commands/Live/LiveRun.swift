internal import Cluster
internal import Dashboard
internal import Foundation
internal import Models
internal import Pipeline
internal import Progress
internal import Reports
internal import Synchronization

/// The live page of this process, if `--live` was given. It shows progress, as ``EventLog`` records it.
enum LiveRun {
  private struct State {
    let page: LivePage
    let server: LiveServer
    var lastUpdate = ContinuousClock.now - .seconds(1)
    var loss: [Double] = []
    var validationAccuracy: [Double?] = []
    var models: [(name: String, accuracy: Double, seconds: Double)] = []
  }

  private static let state = Mutex<State?>(nil)

  static var isOpen: Bool { state.withLock { $0 != nil } }

  /// The least time between two updates of the page, so that drawing does not slow the computation down.
  private static let interval = Duration.milliseconds(500)

  /// Starts the server of the page.
  /// - Returns: the address of the page
  /// - Throws: ``DashboardError``
  static func start(_ title: String, at address: LiveAddress) throws(DashboardError) -> String {
    let page = LivePage(title: title, styleSheet: HTMLPage.styleSheet)
    let server = try LiveServer.start(
      page, at: address, token: address.isLoopback ? nil : AccessToken()
    ) { Health(loopAge: LoopPulse.age) }
    state.withLock { $0 = State(page: page, server: server) }
    return server.url
  }

  /// Shows a last message, and stops the server.
  static func finish(_ message: String) {
    guard
      let ended = state.withLock({ state in
        defer { state = nil }
        return state
      })
    else { return }
    ended.page.finish(message)
    ended.server.stop()
  }

  // MARK: Progress

  static func showProgress(
    _ label: String, _ progress: FitProgress, workers: [WorkerLine], rate: Double, secondsLeft: Double?
  ) {
    state.withLock { state in
      guard state != nil else { return }
      let isEndOfEpoch = progress.validationAccuracy != nil
      let now = ContinuousClock.now
      guard isEndOfEpoch || now - state!.lastUpdate >= interval else { return }
      state!.lastUpdate = now
      let page = state!.page
      page.show(LiveSections.progress(label, progress, rate: rate, secondsLeft: secondsLeft))
      if !workers.isEmpty { page.show(LiveSections.workers(workers, unit: progress.unit.rawValue)) }
      if isEndOfEpoch {
        state!.loss.append(progress.loss ?? .nan)
        state!.validationAccuracy.append(progress.validationAccuracy)
        page.show(LiveSections.curves(loss: state!.loss, validationAccuracy: state!.validationAccuracy))
      }
      page.update(metrics: metrics(label, progress, workers: workers, rate: rate))
    }
  }

  static func add(_ report: FitReport) {
    state.withLock { state in
      guard state != nil else { return }
      state!.models.append((report.kind.rawValue, report.testAccuracy, report.fitSeconds))
      state!.page.show(LiveSections.models(state!.models))
      // The learning curves of the next model start empty.
      (state!.loss, state!.validationAccuracy) = ([], [])
      let samples = state!.models.map { PrometheusMetric.Sample($0.accuracy, labels: [.init("model", $0.name)]) }
      state!.page.update(metrics: [
        PrometheusMetric(
          "atelier_test_accuracy_ratio", .gauge, help: "Fraction of the test images classified correctly.",
          samples: samples)
      ])
    }
  }

  /// Replaces a section of the page.
  static func show(_ section: HTMLSection) { state.withLock { $0?.page.show(section) } }

  // MARK: Metrics

  private static func metrics(
    _ label: String, _ progress: FitProgress, workers: [WorkerLine], rate: Double
  ) -> [PrometheusMetric] {
    let job = PrometheusMetric.Label("job", label)
    func gauge(_ name: String, _ help: String, _ value: Double) -> PrometheusMetric {
      PrometheusMetric("atelier_\(name)", .gauge, help: help, samples: [PrometheusMetric.Sample(value, labels: [job])])
    }
    var metrics = [
      gauge("job_done", "Completed items (images, trees, fits) of the job or epoch.", Double(progress.done)),
      gauge("job_units", "Total items of the job, or of an epoch.", Double(progress.total)),
      gauge("job_units_per_second", "Completed items per second.", rate),
      PrometheusMetric(
        "atelier_workers", .gauge, help: "Number of workers; 0 if this process computes alone.",
        value: Double(workers.count)),
    ]
    if let epoch = progress.epoch { metrics.append(gauge("epoch", "Current epoch, from 1.", Double(epoch))) }
    if let loss = progress.loss { metrics.append(gauge("loss", "Mean training loss of the current epoch.", loss)) }
    if let accuracy = progress.validationAccuracy {
      metrics.append(
        gauge("validation_accuracy_ratio", "Fraction of the validation set classified correctly.", accuracy))
    }
    return metrics + (workers.isEmpty ? [] : workerMetrics(workers))
  }

  private static func workerMetrics(_ workers: [WorkerLine]) -> [PrometheusMetric] {
    func metric(
      _ name: String, _ kind: PrometheusMetric.Kind, _ help: String, _ value: (WorkerLine) -> Double
    ) -> PrometheusMetric {
      PrometheusMetric(
        "atelier_worker_\(name)", kind, help: help,
        samples: workers.map {
          PrometheusMetric.Sample(value($0), labels: [.init("host", $0.host), .init("process", "\($0.process)")])
        })
    }
    return [
      metric("units_per_second", .gauge, "Items completed per second by a worker.", \.rate),
      metric("sent_bytes_total", .counter, "Bytes of results and gradients that a worker has sent.") {
        Double($0.bytesSent)
      },
      metric(
        "waiting_seconds_total", .counter, "Time in which a worker has waited for others that train with it.",
        \.waitingSeconds),
    ]
  }
}

extension LivePage {
  fileprivate func show(_ section: HTMLSection) {
    update(section: section.identifier.text, title: section.title, html: section.content)
  }
}
