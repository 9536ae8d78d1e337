//! The host's end: values of guests and of the project, and what is answered from them.
