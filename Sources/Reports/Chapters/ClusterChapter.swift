package import Progress
internal import Text

/// The report's chapter on the cluster: tasks over time, waiting, bytes sent, and failures that the run survived.
package struct ClusterChapter: Sendable {
  private let timeline: ClusterTimeline

  package init(_ timeline: ClusterTimeline) { self.timeline = timeline }

  package var section: HTMLSection {
    var blocks: [HTMLBlock] = [.statements(statements), .table(workers)]
    if !timeline.spans.isEmpty {
      blocks.insert(
        .figure(
          HTMLFigure(
            "cluster-timeline", plot, caption: "Each bar is a period of work, colored by its job.")), at: 1)
    }
    if !timeline.events.isEmpty {
      blocks.append(.details(summary: "Event log", [.table(events)]))
    }
    return HTMLSection("cluster", title: "Cluster activity", blocks)
  }

  /// For instance `host 4711`.
  private func name(_ worker: ClusterTimeline.Worker) -> String { "\(worker.host) \(worker.process)" }

  // MARK: Statements

  private var statements: [HTMLStatement] {
    var statements = [
      HTMLStatement(
        "\(timeline.workers.count)",
        HTMLText(timeline.workers.count == 1 ? "worker took part in the run." : "workers took part in the run."))
    ]
    let busy = timeline.workers.reduce(0) { $0 + $1.busySeconds }
    let waiting = timeline.workers.reduce(0) { $0 + $1.waitingSeconds }
    if busy > 0, timeline.workers.count > 1 {
      statements.append(
        HTMLStatement(
          percent(waiting / busy),
          "of the workers' time was spent waiting for other workers: \(seconds(waiting)) of \(seconds(busy)) s."))
      let bytes = timeline.workers.reduce(0) { $0 + $1.bytesSent }
      statements.append(
        HTMLStatement(megabytes(bytes), "were sent by the workers: results, gradient sums and training states."))
    }
    let faults = timeline.events.count(where: \.isFault)
    if faults > 0 {
      statements.append(
        HTMLStatement(
          "\(faults)",
          """
          \(faults == 1 ? "failure was" : "failures were") handled; the results are bit for bit those of a run without \
          failures.
          """
        ))
    }
    return statements
  }

  private func percent(_ fraction: Double) -> String { "\(formatted(100 * fraction, digits: 1)) %" }
  private func seconds(_ value: Double) -> String { formatted(value, digits: value < 10 ? 2 : 1) }
  private func megabytes(_ bytes: Int) -> String { "\(formatted(Double(bytes) / 1e6, digits: 1)) MB" }

  private var workers: HTMLTable {
    let all = timeline.workers.reduce(0) { $0 + $1.busySeconds }
    return HTMLTable(
      "Workers",
      columns: [
        .init("worker", .text), .init("threads", .number), .init("instruction set", .text), .init("busy, s", .number),
        .init("fraction of work", .number), .init("waiting, s", .number), .init("sent", .number),
      ],
      rows: timeline.workers.map { worker in
        [
          HTMLText(name(worker)), "\(worker.threads)", HTMLText(worker.instructionSet),
          HTMLText(seconds(worker.busySeconds)), HTMLText(all > 0 ? percent(worker.busySeconds / all) : "-"),
          HTMLText(seconds(worker.waitingSeconds)), HTMLText(megabytes(worker.bytesSent)),
        ]
      })
  }

  private var events: HTMLTable {
    HTMLTable(
      "Events", columns: [.init("time, s", .number), .init("event", .text)],
      rows: timeline.events.map { [HTMLText(formatted($0.seconds, digits: 2)), HTMLText($0.text)] })
  }

  // MARK: Plot

  /// Jobs with the same name have the same color.
  private var plot: GanttPlot {
    var kinds: [String] = []
    for job in timeline.jobs where !kinds.contains(job.name) { kinds.append(job.name) }
    return GanttPlot(
      "Cluster activity", horizontal: Axis("time since start", unit: "s"), vertical: Axis("worker"),
      rows: timeline.workers.map(name), kinds: kinds,
      spans: timeline.spans.map { span in
        GanttPlot.Span(
          row: span.worker, kind: kinds.firstIndex(of: timeline.jobs[span.job].name) ?? 0, start: span.start,
          end: span.end, label: span.label)
      },
      markers: timeline.events.filter(\.isFault).prefix(20).map { PlotMarker($0.seconds, label: "failure") })
  }
}
