// Messages of the service, made from its Rust types by `sharxi schema .`; do not edit.

/** The next act of a vehicle. */
export type Act = "idle" | "depart" | "arrive" | "board" | "alight";

/** What happens at a visit. */
export type Action = "board" | "alight";

/** The same ride, asked for as depart-at. */
export type Alternative = { depart_at: string; pickup_at: string };

/** Who called a ride off. */
export type By = "rider" | "operator";

/** How things stood when a ride was called off. */
export type CancelReason = ("called_off" | "promise_at_risk" | "promise_broken");

/** A ride was called off. */
export type Cancelled = { by: By; reason: CancelReason; request_id: string; status: RideStatus; vehicle_id?: string | null };

/** A ride and its vehicle. */
export type Carried = { request_id: string; status: RideStatus; vehicle_id: string };

/** The service goes down. */
export type Closing = { reason: string; type: ClosingWord };

/** `"closing"`. */
export type ClosingWord = ("closing");

/** A command. Numbers are wider than what they may hold, so that a value out of range is named as such. */
export type Command = ({ accept?: boolean; child_seats?: number; from: [number, number]; id: string; kind: Kind; luggage?: number; passengers?: number; request_id: string; target_at?: string | null; to: [number, number]; type: "request_ride"; walk_max_s?: number | null; wheelchairs?: number } | { id: string; request_id: string; type: "accept_offer" } | { id: string; request_id: string; type: "decline_offer" } | { id: string; request_id: string; type: "cancel_ride" } | { at: [number, number]; child_seats?: number; folding_seats?: number; id: string; luggage?: number; seats: number; shift_end: string; shift_start?: string | null; type: "start_shift"; vehicle_id: string; vehicle_type: string; wheelchairs: number } | { id: string; type: "end_shift"; vehicle_id: string } | { at: string; id: string; plan?: number | null; type: "depart"; vehicle_id: string } | { at: string; id: string; plan?: number | null; type: "arrive"; vehicle_id: string } | { at: string; id: string; request_id: string; type: "board"; vehicle_id: string } | { at: string; id: string; request_id: string; type: "alight"; vehicle_id: string } | { at: string; id: string; request_id: string; type: "no_show"; vehicle_id: string } | { at: string; id: string; position?: [number, number] | null; type: "break_down"; vehicle_id: string } | { at: string; heading?: number | null; id?: string | null; position: [number, number]; type: "position"; vehicle_id: string } | { id: string; positions: boolean; type: "subscribe" });

/** A ride has ended, or how it goes on. */
export type Ended = { request_id: string; status: RideStatus; vehicle_id?: string | null };

/** What could not be done, in answer to the command `id` if that could be read. */
export type Error = { code: ErrorCode; id?: string | null; message: string; retry_after_s?: number | null; type: ErrorWord };

/** The codes of the protocol. */
export type ErrorCode = ("bad_message" | "bad_value" | "too_large" | "binary" | "hello_expected" | "not_allowed" | "unauthenticated" | "unknown_ride" | "unknown_vehicle" | "name_taken" | "not_now" | "outside_area" | "full" | "id_reused" | "overloaded" | "storage" | "storage_full" | "closing" | "not_found");

/** `"error"`. */
export type ErrorWord = ("error");

/** Something has happened. `seq` rises by one with every event of the service. */
export type Event = (Requested & { kind: "requested" } | Offer & { kind: "offered" } | Promised & { kind: "promised" } | Rejected & { kind: "rejected" } | Carried & { kind: "ride_status" } | Ended & { kind: "expired" } | Cancelled & { kind: "cancelled" } | Carried & { kind: "no_show" } | Ended & { kind: "aborted" } | Reassigned & { kind: "reassigned" } | Carried & { kind: "boarded" } | Carried & { kind: "alighted" } | ShiftStarted & { kind: "shift_started" } | Stands & { kind: "arrived" } | Stands & { kind: "departed" } | Stands & { kind: "broke_down" } | OfVehicle & { kind: "shift_ended" } | Repositioning & { kind: "repositioning" } | TrafficVersion & { kind: "traffic_changed" } | Late & { kind: "promise_at_risk" } | Late & { kind: "promise_broken" }) & { seq: number; t: string; type: EventWord };

/** `"event"`. */
export type EventWord = ("event");

/** Events up to `seq` that the client has not seen are not told any more: a snapshot follows. */
export type Gap = { seq: number; type: GapWord };

/** `"gap"`. */
export type GapWord = ("gap");

/** The first message of a client. */
export type Hello = { name?: string | null; resume?: number | null; role?: (Role | null); type: HelloType };

/** The only value of a hello's `type`. */
export type HelloType = ("hello");

/** When a rider wants to travel; the time itself is `target_at`. */
export type Kind = ("now" | "depart_at" | "arrive_by");

/** The `kpi` message. */
export type Kpi = { cancelled: number; completed: number; coverage_15min: number | null; on_board: number; pooled_share: number; promised: number; promises_at_risk: number; promises_broken: number; rejected: number; requests: number; t: string; type: KpiWord; vehicles: number; wait_histogram: (number)[]; wait_s: Waits; waiting: number };

/** `"kpi"`. */
export type KpiWord = ("kpi");

/** How late a promise looks, or is. */
export type Late = { late_s: number; request_id: string; vehicle_id?: string | null };

export type Next = { act: Act; at?: string | null; request_id?: string | null };

/** A vehicle. */
export type OfVehicle = { vehicle_id: string };

/** A plan is held until `expires_at`. */
export type Offer = { direct_s: number; dropoff?: [number, number]; dropoff_at: string; dropoff_by: string; expires_at: string; pickup?: [number, number]; pickup_at: string; pickup_by: string; ready_at: string; request_id: string; status: RideStatus; vehicle_id: string; walk_from_s?: number; walk_to_s?: number };

/** The command `id` is durable; a request has the fields of the event that answers it. */
export type Ok = ((Offer & { result: "offered" } | Promised & { result: "promised" } | Rejected & { result: "rejected" } | TrafficTaken & { result: "traffic_changed" }) | unknown) & { id: string; seq: number; type: OkWord };

/** `"ok"`. */
export type OkWord = ("ok");

/** A place as clients see it. */
export type Place = { kind: string; lat: number; lon: number; name: string; population?: number | null };

/** The plan of a vehicle. */
export type Plan = { next: Next; now: string; on_board: (string)[]; route: ([number, number, number])[]; type: PlanWord; vehicle_id: string; version: number; visits: (Visit)[] };

/** `"plan"`. */
export type PlanWord = ("plan");

/** The rules under which the journal was begun. */
export type Policy = { alight_s: number; board_s: number; coverage: boolean; max_wait_s: number; no_show_wait_s: number; offer_ttl_s: number; react_s: number; reoptimise: boolean; reposition: boolean; ride_alpha: number; ride_beta_s: number; stop_s: number; wheelchair_s: number };

/** How the place of a vehicle is known. */
export type PositionSource = ("matched" | "reported" | "planned");

/** Where the vehicles are. */
export type Positions = { t: string; type: PositionsWord; vehicles: ([string, number, number, number, PositionSource])[] };

/** `"positions"`. */
export type PositionsWord = ("positions");

/** What is or would be promised, and how it looks now. */
export type Promised = { direct_s: number; dropoff?: [number, number]; dropoff_at: string; dropoff_by: string; pickup?: [number, number]; pickup_at: string; pickup_by: string; ready_at: string; request_id: string; status: RideStatus; vehicle_id: string; walk_from_s?: number; walk_to_s?: number };

/** Another vehicle will come. */
export type Reassigned = { from_vehicle_id: string; request_id: string; vehicle_id: string };

/** The region as clients see it. */
export type Region = { attribution: string; bounds: [number, number, number, number]; name: string; places?: (Place)[] | null };

/** Why a request was refused. */
export type RejectReason = "no_vehicle_on_shift" | "no_vehicle_fits" | "no_vehicle_in_time" | "no_way" | "same_place" | "time_out_of_range";

/** No promise is possible; `next_possible_at` is the `depart_at` of `alternative`. */
export type Rejected = { alternative?: (Alternative | null); next_possible_at?: string | null; reason: RejectReason; request_id: string; status: RideStatus };

/** An idle vehicle goes where riders are expected. */
export type Repositioning = { to: [number, number]; vehicle_id: string };

/** A rider asked. */
export type Requested = { child_seats?: number; from: [number, number]; luggage?: number; passengers: number; request_id: string; request_kind: Kind; status: RideStatus; target_at?: string | null; to: [number, number]; wheelchairs: number };

/** A ride in a snapshot. */
export type RideEntry = { at_risk?: boolean; broken?: boolean; dropoff?: [number, number] | null; dropoff_at?: string | null; dropoff_by?: string | null; from: [number, number]; passengers: number; pickup?: [number, number] | null; pickup_at?: string | null; pickup_by?: string | null; ready_at?: string | null; request_id: string; state: RideState; status: RideStatus; to: [number, number]; vehicle_id?: string | null; wheelchairs: number };

/** Where a ride stands for the dispatcher; `status` says it for people. */
export type RideState = "offered" | "promised" | "on_board" | "stranded" | "completed" | "rejected" | "expired" | "cancelled" | "no_show" | "aborted";

/** Where a ride stands. */
export type RideStatus = ("searching" | "offered" | "confirmed" | "assigned" | "arriving" | "waiting_at_pickup" | "on_board" | "completed" | "cancelled" | "rejected" | "no_show" | "expired" | "aborted");

/** What a client is. Journals hold the place of a role in this list: new ones come last. */
export type Role = ("rider" | "vehicle" | "operator" | "dispatcher" | "analyst");

/** A vehicle joined. */
export type ShiftStarted = { arc: [number, number]; child_seats?: number; folding_seats?: number; lat: number; lon: number; luggage?: number; seats: number; vehicle_id: string; vehicle_type: string; wheelchairs: number };

/** Everything that a client may see at one moment. */
export type Snapshot = { kpi?: (Kpi | null); rides: (RideEntry)[]; seq: number; t: string; type: SnapshotWord; vehicles: (Vehicle)[] };

/** `"snapshot"`. */
export type SnapshotWord = ("snapshot");

/** A vehicle and where it stands; `arc` in node ids of the exported graph. */
export type Stands = { arc: [number, number]; lat: number; lon: number; vehicle_id: string };

/** New travel times, and what was read of the feed that brought them. */
export type TrafficTaken = { rows?: number | null; unknown_way_ids?: (number)[] | null; unknown_ways?: number | null; version: number };

/** The number of the travel times in force. */
export type TrafficVersion = { version: number };

/** A vehicle as in the snapshot. */
export type Vehicle = { bearing_deg?: number | null; lat: number; lon: number; on_board: (string)[]; plan: Plan; position: PositionSource; seats: number; state: VehicleState; vehicle_id: string; vehicle_type: string; wheelchairs: number };

/** What a vehicle does. */
export type VehicleState = "idle" | "driving" | "serving" | "repositioning" | "out";

export type Visit = { action: Action; arrive_at: string; begin_at: string; end_at: string; lat: number; lon: number; request_id: string };

/** Waits of those who boarded. */
export type Waits = { max: number; mean: number; p50: number; p95: number };

/** The first message of the service. */
export type Welcome = { now: string; policy: Policy; protocol: number; region: Region; seq: number; speed: number; type: WelcomeWord };

/** `"welcome"`. */
export type WelcomeWord = ("welcome");
