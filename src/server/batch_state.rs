//! What batches do to the state of the mock.

use crate::server::batch_order::BatchOrder;
use crate::server::batches::{Batch, KeyInUse, Taken};
use crate::server::id;
use crate::server::state::{Met, State, Submitting};
use crate::time::Micros;
use crate::world::draws::Stream;
use crate::world::exchange::{Departure, SubmitOutcome};
use crate::world::fault::Timescale;

impl State {
    /// Batches so far.
    pub(super) fn batch_count(&self) -> usize {
        self.batches.batches.len()
    }

    /// Whether the batch of this key is there, so that a repeat makes nothing.
    pub(super) fn has_batch(&self, account: u64, key: &str) -> bool {
        self.batches.keys.contains_key(&(account, key.to_owned()))
    }

    /// A batch's submit reaches the server: what becomes of the request, and if it is processed, of the batch. One with a key
    /// that was used with this body is the same batch, and an item with a key that was used with this input the same task.
    pub(super) fn arrive_batch(
        &mut self,
        model: usize,
        submitting: &Submitting,
        (order, keyed): (&BatchOrder, Option<u64>),
        pace: Timescale,
        account: u64,
    ) -> (SubmitOutcome, Option<Result<Taken, KeyInUse>>) {
        let submission = self.meet_submit(model, submitting, pace, account);
        let now = submitting.departure.arrival;
        let taken = submission.exists.then(|| self.take(model, (submitting.index, keyed), order, now, account));
        (submission, taken)
    }

    fn take(
        &mut self,
        model: usize,
        (first, keyed): (u64, Option<u64>),
        order: &BatchOrder,
        now: Micros,
        account: u64,
    ) -> Result<Taken, KeyInUse> {
        let of = |key: &str| (account, key.to_owned());
        if let Some((digest, number)) = self.batches.keys.get(&of(&order.key)) {
            let same = Taken { number: *number, made: Vec::new() };
            return if *digest == order.digest { Ok(same) } else { Err(KeyInUse::OfBatch) };
        }
        // All or nothing: no task is made of a batch that is refused.
        let known = |key: &str| self.batches.items.get(&of(key));
        if let Some(item) =
            order.items.iter().find(|item| known(&item.key).is_some_and(|(digest, _)| *digest != item.digest))
        {
            return Err(KeyInUse::OfItem(item.name.clone()));
        }
        let (mut items, mut made) = (Vec::new(), Vec::new());
        for item in &order.items {
            let slot = match self.batches.items.get(&of(&item.key)) {
                Some((_, slot)) => *slot,
                None => {
                    // The request itself has the number of its first task; where a harness names that, the others follow.
                    let index = match keyed {
                        Some(keyed) => self.models[model].number_is(keyed + made.len() as u64),
                        None if made.is_empty() => first,
                        None => self.models[model].take_number(),
                    };
                    let slot = self.create(model, index, now, item.asked);
                    self.batches.items.insert(of(&item.key), (item.digest, slot));
                    made.push((item.name.clone(), slot));
                    slot
                }
            };
            items.push((item.name.clone(), slot));
        }
        let (keys, number) = (&self.models[model].keys, self.batches.batches.len());
        let travel = keys.draws(Stream::StatusNetwork, first);
        let fault_draws = keys.draws(Stream::StatusFault, first);
        self.batches.batches.push(Batch { model, items, travel, fault_draws });
        self.batches.keys.insert(of(&order.key), (order.digest, number));
        Ok(Taken { number, made })
    }

    pub(super) fn batch(&self, number: usize) -> Option<&Batch> {
        self.batches.batches.get(number)
    }

    /// The number of the batch with this id.
    pub(super) fn batch_number(&self, id: &str) -> Option<usize> {
        id::read_batch(id, self.generation).filter(|number| *number < self.batches.batches.len())
    }

    pub(super) fn batch_id(&self, number: usize) -> String {
        id::write_batch(number, self.generation)
    }

    /// A status request for a batch reaches the network.
    pub(super) fn depart_batch_status(&mut self, number: usize, now: Micros) -> Option<Departure> {
        self.weather.forget_before(now);
        let batch = self.batches.batches.get_mut(number)?;
        let link = &self.models[batch.model].status;
        let departure = link.depart(now, &mut batch.travel, &mut batch.fault_draws, &mut self.weather);
        self.strike(departure.refused);
        Some(departure)
    }

    /// It reaches the server: what it meets there. Rules that go by a task's age go by that of the task which ends last.
    pub(super) fn arrive_batch_status(
        &mut self,
        number: usize,
        departure: &Departure,
        pace: Timescale,
        account: u64,
    ) -> Option<Met> {
        self.advance_workers(departure.arrival);
        let Batch { model, items, .. } = self.batches.batches.get(number)?;
        let truths = items.iter().map(|(_, slot)| self.tasks[*slot].truth);
        let truth = truths.max_by_key(|truth| truth.done)?;
        let link = &self.models[*model].status;
        let struck = link.striking(departure, Some(&truth), &mut self.weather);
        let meeting = link.meet(departure, struck, &mut self.weather, Some(self.status_buckets.of_key(account)), pace);
        self.strike(meeting.fault());
        let name = |rule: usize| self.faults()[rule].kind().name();
        let struck = meeting.struck.map(|(rule, effect)| (name(rule), effect));
        Some(Met { struck, back: meeting.back, by: meeting.by.map(name) })
    }
}
