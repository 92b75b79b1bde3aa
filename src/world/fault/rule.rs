//! Rules: a fault, how often it strikes, where and when.

use super::act::Fault;
use super::age::Age;
use super::kind::{Kind, Striking};
use super::route::Route;
use super::when::When;
use crate::world::model::Probability;

/// One rule of a world: a fault, how often, where, when, on which models.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRule {
    fault: Fault,
    probability: Probability,
    routes: Vec<Route>,
    models: Option<Vec<String>>,
    when: When,
    age: Option<Age>,
    leaves_task: bool,
}

/// Why there is no such rule.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRule {
    /// The kind strikes every request that it can, so a probability says nothing.
    #[error("`{kind}` strikes all requests while it is active; its probability is 1, not {probability}")]
    Probability {
        /// The kind.
        kind: &'static str,
        /// What was said.
        probability: f64,
    },
    /// The kind is a window, and there is none, or something else.
    #[error("`{kind}` needs a window: say with `during` when it is active")]
    NoWindow {
        /// The kind.
        kind: &'static str,
    },
    /// The kind is a process in time, and there is none, or something else.
    #[error("`{kind}` comes in bursts: say with `gilbert_elliott` how long and how often")]
    NoBursts {
        /// The kind.
        kind: &'static str,
    },
    /// It is for no route.
    #[error("a rule needs at least one route")]
    NoRoute,
    /// The kind cannot strike there.
    #[error("`{kind}` does not strike the route `{}`", route.name())]
    Route {
        /// The kind.
        kind: &'static str,
        /// The route.
        route: Route,
    },
    /// It is for no model.
    #[error("the list of models is empty: name one, or leave the list out")]
    NoModel,
    /// Only what strikes a share of the status requests can look at a task's age.
    #[error("`age` is for rules that strike a share of the status requests, and nothing else")]
    Age,
    /// It strikes no submit, or none that can have made a task.
    #[error("`task_exists` is for rules that strike submits")]
    NoSubmit,
}

impl FaultRule {
    /// A rule for all models and the kind's default routes: `probability` is the share of the requests that it strikes
    /// while it is active.
    ///
    /// # Errors
    ///
    /// The kind does not go with this probability or this `when`.
    ///
    /// ```
    /// use pollbench::world::fault::{Fault, FaultRule, FaultRules, Kind, Route, When};
    /// use pollbench::world::model::Probability;
    /// let tenth = Probability::new(0.1).unwrap();
    /// let rule = FaultRule::new(Fault::of(Kind::Reset), tenth, When::Always)?.on(&[Route::Submit])?.leaving_a_task()?;
    /// let rules = FaultRules::new(vec![rule])?;
    /// assert_eq!(rules[0].kind().name(), "reset");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(fault: Fault, probability: Probability, when: When) -> Result<Self, InvalidRule> {
        let routes = in_order(fault.kind().default_routes());
        let always =
            Self { fault, probability, routes, models: None, when: When::Always, age: None, leaves_task: false };
        always.at(when)
    }

    /// The same at another time.
    ///
    /// # Errors
    ///
    /// The kind does not go with its probability or this `when`.
    pub(crate) fn at(self, when: When) -> Result<Self, InvalidRule> {
        let kind = self.kind();
        let strikes_all = || match self.probability {
            Probability::ONE => Ok(()),
            _ => Err(InvalidRule::Probability { kind: kind.name(), probability: self.probability.get() }),
        };
        match (kind.striking(), &when) {
            (Striking::Share | Striking::Slowdown, _) | (Striking::Bursts, When::Bursts(_)) => {}
            (Striking::Limit, _) | (Striking::Window | Striking::Brownout, When::During(_)) => strikes_all()?,
            (Striking::Window | Striking::Brownout, When::Always | When::Bursts(_)) => {
                return Err(InvalidRule::NoWindow { kind: kind.name() });
            }
            (Striking::Bursts, When::Always | When::During(_)) => {
                return Err(InvalidRule::NoBursts { kind: kind.name() });
            }
        }
        Ok(Self { when, ..self })
    }

    /// The same on these routes.
    ///
    /// # Errors
    ///
    /// There are none, or the kind does not strike there.
    pub fn on(self, routes: &[Route]) -> Result<Self, InvalidRule> {
        let kind = self.kind();
        if routes.is_empty() {
            return Err(InvalidRule::NoRoute);
        }
        if let Some(&route) = routes.iter().find(|route| !kind.routes().contains(route)) {
            return Err(InvalidRule::Route { kind: kind.name(), route });
        }
        if self.leaves_task && !routes.contains(&Route::Submit) {
            return Err(InvalidRule::NoSubmit);
        }
        Self { routes: in_order(routes), ..self }.sound()
    }

    /// The same for tasks of this age only.
    ///
    /// # Errors
    ///
    /// It strikes anything but a share of the status requests.
    pub fn of_age(self, age: Age) -> Result<Self, InvalidRule> {
        Self { age: Some(age), ..self }.sound()
    }

    /// Whether its age, if it has one, is for what it strikes.
    fn sound(self) -> Result<Self, InvalidRule> {
        let is_for_age = self.kind().striking() == Striking::Share && self.routes == [Route::Status];
        if self.age.is_none() || is_for_age { Ok(self) } else { Err(InvalidRule::Age) }
    }

    /// The same on these models only.
    ///
    /// # Errors
    ///
    /// There are none.
    pub fn of_models(self, models: Vec<String>) -> Result<Self, InvalidRule> {
        if models.is_empty() { Err(InvalidRule::NoModel) } else { Ok(Self { models: Some(models), ..self }) }
    }

    /// The same, where a submit that it strikes makes its task although the client hears of a failure.
    ///
    /// # Errors
    ///
    /// It strikes no submits, or its submits never reach the server.
    pub fn leaving_a_task(self) -> Result<Self, InvalidRule> {
        if self.kind().may_leave_a_task() && self.routes.contains(&Route::Submit) {
            Ok(Self { leaves_task: true, ..self })
        } else {
            Err(InvalidRule::NoSubmit)
        }
    }

    /// What happens.
    #[must_use]
    pub const fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.fault.kind()
    }

    /// Share of the requests that it strikes while active.
    #[must_use]
    pub const fn probability(&self) -> Probability {
        self.probability
    }

    /// Exchanges that it strikes: at least one, in the order of a task's life.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Models that it strikes, all where `None`; never empty.
    #[must_use]
    pub fn models(&self) -> Option<&[String]> {
        self.models.as_deref()
    }

    /// When it is active.
    #[must_use]
    pub const fn when(&self) -> &When {
        &self.when
    }

    /// The age of tasks that it strikes; all where `None`.
    #[must_use]
    pub const fn age(&self) -> Option<&Age> {
        self.age.as_ref()
    }

    /// Whether there is a request that both may strike.
    #[must_use]
    pub fn may_coincide(&self, other: &Self) -> bool {
        let ages = match (&self.age, &other.age) {
            (Some(age), Some(other)) => age.may_coincide(other),
            (None, _) | (_, None) => true,
        };
        ages && self.when.may_coincide(&other.when)
    }

    /// On the submit route: whether the task exists although the submit failed.
    #[must_use]
    pub const fn leaves_task(&self) -> bool {
        self.leaves_task
    }

    /// Whether nobody can connect while it is active: whatever is asked for, the connection is refused. Over sockets such
    /// requests never reach the server, and are known at once on one machine.
    #[must_use]
    pub fn closes_the_port(&self) -> bool {
        let all = [Route::Submit, Route::Status].iter().all(|route| self.routes.contains(route));
        all && self.models.is_none() && self.kind().striking() == Striking::Window
    }

    /// Whether it is for requests of `model`.
    #[must_use]
    pub fn covers_model(&self, model: &str) -> bool {
        self.models.as_ref().is_none_or(|models| models.iter().any(|name| name == model))
    }

    /// Whether it is for requests of `model` on `route`.
    #[must_use]
    pub fn covers(&self, route: Route, model: &str) -> bool {
        self.routes.contains(&route) && self.covers_model(model)
    }
}

fn in_order(routes: &[Route]) -> Vec<Route> {
    Route::ALL.into_iter().filter(|route| routes.contains(route)).collect()
}
