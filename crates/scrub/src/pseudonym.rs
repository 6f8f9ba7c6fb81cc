//! `‹user-path 3›`: equal contents have equal names within a share, so that a reader sees the same user three times.

use crate::class::Class;
use std::collections::HashMap;

/// Numbers contents in the order in which they are first asked for, each class from 1.
#[derive(Debug, Clone, Default)]
pub struct Pseudonyms {
    given: HashMap<(Class, String), usize>,
    last: HashMap<Class, usize>,
}

impl Pseudonyms {
    /// The name that stands for this content. Case does not distinguish names, paths and addresses; it does distinguish secrets.
    pub fn of(&mut self, class: Class, content: &str) -> String {
        let secret = matches!(class, Class::Password | Class::Token | Class::Key | Class::ConnectionString);
        let content = if secret {
            content.to_owned()
        } else {
            content.trim().to_lowercase()
        };
        let number = *self.given.entry((class, content)).or_insert_with(|| {
            let last = self.last.entry(class).or_insert(0);
            *last += 1;
            *last
        });
        format!("‹{class} {number}›")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_contents_have_equal_names() {
        let mut names = Pseudonyms::default();
        assert_eq!(names.of(Class::User, "Jane"), "‹user 1›");
        assert_eq!(names.of(Class::User, "bob"), "‹user 2›");
        assert_eq!(names.of(Class::Host, "jane"), "‹host 1›");
        assert_eq!(names.of(Class::User, "jane"), "‹user 1›");
        assert_eq!(names.of(Class::Password, "Jane"), "‹password 1›");
        assert_eq!(names.of(Class::Password, "jane"), "‹password 2›");
    }
}
